import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EXIT, type ExitCode } from '#src/cli/exit-code.js'
import type { Palette } from '#src/cli/palette.js'
import type { Terminal } from '#src/cli/terminal.js'
import type { Verdict } from '../verdict.js'
import type { Benchmark } from './benchmark.js'
import type { Interruption } from './interruption.js'
import { code, isBusy, machine } from './machine.js'
import { machineText } from './machine-text.js'
import { writePlots } from './plot/plots.js'
import type { Report } from './report.js'
import { benchmarkText, checkText } from './report-text.js'
import type { RunRequest } from './request.js'
import { type Outcome, outcomesOf } from './session.js'
import { Tally } from './tally.js'

export interface MeasureContext {
  readonly terminal: Terminal
  /** Of what goes to standard output. */
  readonly palette: Palette
  readonly interruption: Pick<Interruption, 'signal' | 'lift'>
  /** As it was typed. */
  readonly command: readonly string[]
  /** Whether a benchmark that finds none of its servers has failed. */
  readonly areServersRequired: boolean
}

/** Of another kind: no contenders, but tables, and promises where it is checked. */
export interface Survey {
  readonly name: string
  readonly question: string
  measure(request: RunRequest): Promise<void>
  check(): Promise<readonly Verdict[]>
}

/** Measures what was asked for, shows and keeps it. What is done is saved at once: a later benchmark may be interrupted. */
export async function measure(
  request: RunRequest,
  benchmarks: readonly Benchmark[],
  surveys: readonly Survey[],
  { terminal, palette, interruption, command, areServersRequired }: MeasureContext,
): Promise<ExitCode> {
  const { isCheck, isJson, save, plots } = request
  const show = (text: string) => {
    if (!isJson) terminal.data(`${text}\n`)
  }
  if (save !== undefined) await mkdir(dirname(save), { recursive: true })
  let report: Report = {
    schema: 'retake.bench/1',
    startedAt: new Date().toISOString(),
    command,
    machine: machine(),
    code: await code(),
    benchmarks: [],
  }
  show(palette.faint(machineText(report.machine, report.code)))
  if (isBusy(report.machine))
    show(palette.notice('- the machine is busy: ratios within a round hold, all else is worth less'))
  const tally = new Tally(areServersRequired)
  const { rounds } = request
  const options = {
    scale: isCheck ? 'check' : 'full',
    signal: interruption.signal,
    ...(rounds && { rounds }),
  } as const
  for await (const outcome of outcomesOf(benchmarks, options, terminal)) {
    tally.count(outcome)
    if (isCheck) show(checkText(outcome, palette))
    else if (outcome.kind === 'measured') show(`\n${benchmarkText(outcome.report, palette)}`)
    if (outcome.kind === 'failed') terminal.talk(`${outcome.name} failed: ${outcome.error.stack}`)
    report = withOutcome(report, outcome)
    if (save !== undefined) await writeFile(save, jsonOf(report))
  }
  if (plots !== undefined) {
    for (const file of await writePlots(report, plots)) terminal.talk(`drawn ${join(plots, file)}`)
  }
  if (isJson) terminal.data(jsonOf(report))
  // They run on virtual time and never yield, so a handler would never run either.
  if (surveys.length > 0) interruption.lift()
  for (const survey of surveys) {
    if (!isCheck) await survey.measure(request)
    else for (const verdict of await survey.check()) tally.countVerdict(verdict)
  }
  if (isCheck) for (const line of tally.lines()) show(line)
  return statusOf(report, isCheck && tally.hasFailed)
}

function withOutcome(report: Report, outcome: Outcome): Report {
  if (outcome.kind === 'measured') return { ...report, benchmarks: [...report.benchmarks, outcome.report] }
  const failure = { name: outcome.name, error: outcome.error.message }
  return { ...report, failures: [...(report.failures ?? []), failure] }
}

function jsonOf(report: Report): string {
  return `${JSON.stringify(report, undefined, 2)}\n`
}

/** A wrong ledger outweighs all else: those rates are of a job that does something else. */
function statusOf({ benchmarks, failures = [] }: Report, isCheckFailed: boolean): ExitCode {
  const ledgers = benchmarks.flatMap(({ contenders }) =>
    contenders.flatMap(({ samples }) => samples.flatMap(({ ledger }) => ledger ?? [])),
  )
  if (ledgers.some(({ lost, duplicated }) => lost > 0 || duplicated > 0)) return EXIT.inexact
  return failures.length > 0 || isCheckFailed ? EXIT.internal : EXIT.ok
}
