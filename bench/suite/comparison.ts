import { bytesText } from '#src/cli/units.js'
import { cpuSecondsPerMillionOf } from './figure.js'
import { type Interval, ratioOfMedians } from './interval.js'
import { isBusy } from './machine.js'
import type { BenchmarkReport, ContenderReport, Report } from './report.js'
import { rateOf, type Sample } from './sample.js'
import { medianOf } from './spread.js'

/** Report B against report A, benchmark by benchmark and contender by contender, as their names pair them. */
export interface Comparison {
  /** Why they cannot be compared: another machine, other settings. */
  readonly obstacles: readonly string[]
  /** What else is not the same, and may be what is asked about. */
  readonly notices: readonly string[]
  readonly benchmarks: readonly BenchmarkComparison[]
}

export interface BenchmarkComparison {
  readonly name: string
  readonly unit: string
  readonly changes: readonly Change[]
  /** What is only in one of them, what failed, and what lost records: in a sentence. */
  readonly remarks: readonly { readonly text: string; readonly isRegression: boolean }[]
}

export interface Change {
  readonly contender: string
  /** As in `figure.ts`: `rate`, `cpuSecondsPerMillion`, `rssBytes`, `p99 to sink`, or one of the contender's own. */
  readonly figure: string
  /** Medians of the rounds. */
  readonly before: number
  readonly after: number
  readonly ratio: Interval
  /** Of a rate: the same for its ratio to the first contender in the same rounds, which knows no slow day. */
  readonly relative?: Interval
  readonly verdict: 'better' | 'worse' | 'undecided' | 'too few rounds' | 'for information'
}

/** Fewer rounds have a spread that means nothing. */
const ROUNDS_LEAST = 3

/** `bound`: a change of so much, 0.05 for 5 %, is one only when the whole interval lies beyond it. */
export function compared(before: Report, after: Report, bound: number): Comparison {
  const settings = settingsObstacles(before, after)
  return {
    obstacles: [...machineObstacles(before, after), ...settings],
    notices: noticesOf(before, after),
    benchmarks: namesIn(before, after).map((name) => {
      const [old, now] = [named(before.benchmarks, name), named(after.benchmarks, name)]
      if (old !== undefined && now !== undefined) return benchmarkComparison(old, now, bound)
      const failure = after.failures?.find((one) => one.name === name)
      const text =
        failure !== undefined ? `failed: ${failure.error}` : `is only in ${now === undefined ? 'A' : 'B'}`
      const isRegression = failure !== undefined && old !== undefined
      return { name, unit: (old ?? now)?.unit ?? '', changes: [], remarks: [{ text, isRegression }] }
    }),
  }
}

export function isRegression({ benchmarks }: Comparison): boolean {
  return benchmarks.some(
    ({ changes, remarks }) =>
      changes.some(({ verdict }) => verdict === 'worse') || remarks.some((remark) => remark.isRegression),
  )
}

function machineObstacles({ machine: a }: Report, { machine: b }: Report): string[] {
  // A virtual machine has a few pages more or less after each start.
  const isSameMemory = Math.abs(a.memoryBytes / b.memoryBytes - 1) < 0.02
  const facts = [
    ['processor', a.cpu, b.cpu],
    ['cores', a.cores, b.cores],
    ['memory', bytesText(a.memoryBytes), bytesText(isSameMemory ? a.memoryBytes : b.memoryBytes)],
    ['kernel', a.kernel, b.kernel],
  ] as const
  return facts.flatMap(([fact, one, other]) => (one === other ? [] : `${fact}: ${one}, then ${other}`))
}

function settingsObstacles(before: Report, after: Report): string[] {
  return before.benchmarks.flatMap(({ name, configuration }) => {
    const now = named(after.benchmarks, name)?.configuration
    if (now === undefined) return []
    const keys = [...new Set([...Object.keys(configuration), ...Object.keys(now)])]
    return keys
      .filter((key) => configuration[key] !== now[key])
      .map((key) => `${name}: ${key} was ${configuration[key]}, then ${now[key]}`)
  })
}

function noticesOf({ code: a, machine: before }: Report, { code: b, machine: after }: Report): string[] {
  const busy = [before, after].filter(isBusy)
  return [
    ...(a.node === b.node ? [] : [`Node ${a.node}, then ${b.node}`]),
    ...(a.isDirty || b.isDirty
      ? ['code that was not committed: what was measured is not known for sure']
      : []),
    ...(busy.length === 0
      ? []
      : [
          `the machine was busy before it began: load ${busy.map(({ loadBefore }) => loadBefore).join(', then ')}`,
        ]),
  ]
}

function namesIn(before: Report, after: Report): readonly string[] {
  const names = [before, after].flatMap(({ benchmarks, failures = [] }) =>
    [...benchmarks, ...failures].map(({ name }) => name),
  )
  return [...new Set(names)]
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T | undefined {
  return all.find((one) => one.name === name)
}

function benchmarkComparison(
  before: BenchmarkReport,
  after: BenchmarkReport,
  bound: number,
): BenchmarkComparison {
  const names = new Set([...before.contenders, ...after.contenders].map(({ name }) => name))
  const [changes, remarks]: [Change[], BenchmarkComparison['remarks'][number][]] = [[], []]
  for (const name of names) {
    const [old, now] = [named(before.contenders, name), named(after.contenders, name)]
    if (old === undefined || now === undefined) {
      remarks.push({ text: `${name} is only in ${now === undefined ? 'A' : 'B'}`, isRegression: false })
      continue
    }
    changes.push(...changesOf(old, now, [before.contenders[0]!, after.contenders[0]!], bound))
    const wrong = now.samples.filter(({ ledger }) => ledger && (ledger.lost > 0 || ledger.duplicated > 0))
    if (wrong.length > 0)
      remarks.push({ text: `${name} lost records or counted some twice`, isRegression: true })
  }
  return { name: after.name, unit: after.unit, changes, remarks }
}

function changesOf(
  before: ContenderReport,
  after: ContenderReport,
  [firstBefore, firstAfter]: readonly [ContenderReport, ContenderReport],
  bound: number,
): Change[] {
  const contender = after.name
  return figuresOf(after.samples[0]!).flatMap(({ figure, better, of }): Change[] => {
    const [old, now] = [valuesOf(before, of), valuesOf(after, of)]
    if (old === undefined || now === undefined) return []
    const ratio = ratioOfMedians(old, now)
    const isRelative =
      figure === 'rate' && firstBefore.name === firstAfter.name && contender !== firstAfter.name
    const relative = isRelative && ratioOfMedians(ratiosTo(firstBefore, before), ratiosTo(firstAfter, after))
    const isEnough = Math.min(old.length, now.length) >= ROUNDS_LEAST
    const verdict =
      better === undefined ? 'for information' : isEnough ? verdictOf(ratio, better, bound) : 'too few rounds'
    const [medianBefore, medianAfter] = [medianOf(sorted(old)), medianOf(sorted(now))]
    return [
      {
        ...{ contender, figure, before: medianBefore, after: medianAfter, ratio, verdict },
        ...(relative && { relative }),
      },
    ]
  })
}

interface Figure {
  readonly figure: string
  /** What is better; undefined: nobody can say. */
  readonly better?: 'more' | 'less'
  of(sample: Sample): number | undefined
}

function figuresOf({ latency = {}, figures = {} }: Sample): readonly Figure[] {
  return [
    { figure: 'rate', better: 'more', of: rateOf },
    { figure: 'cpuSecondsPerMillion', better: 'less', of: cpuSecondsPerMillionOf },
    { figure: 'rssBytes', better: 'less', of: ({ rssBytes }) => rssBytes },
    ...Object.keys(latency).map(
      (awaited): Figure => ({
        figure: `p99 ${awaited}`,
        better: 'less',
        of: (sample) => sample.latency?.[awaited]?.p99,
      }),
    ),
    ...Object.keys(figures).map((figure): Figure => ({ figure, of: (sample) => sample.figures?.[figure] })),
  ]
}

/** Undefined where not every round has one, or one that has no ratio. */
function valuesOf({ samples }: ContenderReport, of: Figure['of']): readonly number[] | undefined {
  const values = samples.flatMap((sample) => of(sample) ?? [])
  return values.length === samples.length && values.every((value) => value > 0) ? values : undefined
}

function ratiosTo(first: ContenderReport, { samples }: ContenderReport): readonly number[] {
  return samples.map((sample, round) => rateOf(sample) / rateOf(first.samples[round]!))
}

function verdictOf({ low, high }: Interval, better: 'more' | 'less', bound: number): Change['verdict'] {
  const [isMore, isLess] = [low > 1 + bound, high < 1 - bound]
  if (!isMore && !isLess) return 'undecided'
  return isMore === (better === 'more') ? 'better' : 'worse'
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}
