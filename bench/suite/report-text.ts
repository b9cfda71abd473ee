import type { Palette } from '#src/cli/palette.js'
import { type Column, type TableRow, tableText } from '#src/cli/table.js'
import { bytesText, countText, percentText } from '#src/cli/units.js'
import { cpuSecondsPerMillionOf } from './figure.js'
import { figureText, figureTitle, latencyText, perSecondText, ratioText, spreadText } from './figure-text.js'
import type { BenchmarkReport, ContenderReport, TargetReport } from './report.js'
import { rateOf, type Sample } from './sample.js'
import type { Outcome } from './session.js'
import { medianOf, spreadOf } from './spread.js'

/** All of one benchmark for people: its question, its setting, who took part, what was promised. */
export function benchmarkText(report: BenchmarkReport, palette: Palette): string {
  const { name, question, configuration, contenders, absent, targets } = report
  const rounds = contenders[0]?.samples.length ?? 0
  const settings = Object.entries(configuration).map(([key, value]) => `${key} ${settingText(value)}`)
  return [
    `${palette.strong(name)}  ${question}`,
    palette.faint([...settings, `${rounds} ${rounds === 1 ? 'round' : 'rounds'}`].join(' · ')),
    ...(rounds === 0 ? [] : tablesOf(report, palette).map((table) => table.trimEnd())),
    ...targets.map((target) => targetLine(target, palette)),
    ...absent.map(({ name: who, why }) => palette.notice(`- ${who} is absent: ${why}`)),
    '',
  ].join('\n')
}

/** The same in a check, where only what is not kept is worth the room. */
export function checkText(outcome: Outcome, palette: Palette): string {
  const took = palette.faint(`${outcome.seconds.toFixed(1)} s`)
  if (outcome.kind === 'failed') return `${palette.bad('✗')} ${outcome.name}  ${took}`
  const { report } = outcome
  const judged = report.targets.filter(({ isKept }) => isKept !== undefined)
  const head = `${palette.good('✔')} ${report.name}  ${took}`
  if (judged.every(({ isKept }) => isKept === true)) {
    const floors = judged.filter(({ floor }) => floor !== undefined)
    return [head, ...floors.map((target) => `    ${foundText(target)}`)].join('\n')
  }
  return `${palette.bad('✗')} ${report.name}  ${took}\n${benchmarkText(report, palette)}`
}

function settingText(value: string | number | boolean): string {
  return typeof value === 'number' ? countText(value) : String(value)
}

function targetLine(target: TargetReport, palette: Palette): string {
  return `${target.isMet ? palette.good('✔') : palette.bad('✗')} ${foundText(target)}`
}

function foundText({ target, found, floor, isKept }: TargetReport): string {
  const kept = floor === undefined ? '' : `; ${isKept ? 'keeps' : 'breaks'} its floor of ${ratioText(floor)}`
  const textOf = [found.median, found.min, found.max].every(Number.isInteger) ? countText : ratioText
  return `${target}: ${spreadText(found, textOf)}${kept}`
}

function tablesOf({ unit, contenders }: BenchmarkReport, palette: Palette): string[] {
  return [
    tableText(
      rateColumns(unit),
      contenders.map((one) => rateRow(one, contenders[0]!)),
      palette,
    ),
    latencyTable(contenders, palette),
    figureTable(contenders, palette),
  ].filter((table) => table !== '')
}

function rateColumns(unit: string): Column[] {
  const numbers = [`${unit}/s`, 'ratio', 'cpu s/M', 'memory', 'gc', 'ledger']
  return [{ title: 'contender' }, ...numbers.map((title): Column => ({ title, isNumber: true }))]
}

function rateRow({ name, samples, rate }: ContenderReport, first: ContenderReport): TableRow {
  const ratios = samples.map((sample, round) => rateOf(sample) / rateOf(first.samples[round]!))
  return {
    cells: [
      name,
      spreadText(rate, perSecondText),
      spreadText(spreadOf(ratios), ratioText),
      medianText(samples, cpuSecondsPerMillionOf, ratioText),
      medianText(samples, ({ rssBytes }) => rssBytes, bytesText),
      medianText(samples, ({ gcSeconds, seconds }) => gcSeconds && gcSeconds / seconds, percentText),
      ledgerText(samples),
    ],
  }
}

/** The sum over the rounds: one wrong in one round is one wrong. */
function ledgerText(samples: readonly Sample[]): string | undefined {
  const ledgers = samples.flatMap(({ ledger }) => ledger ?? [])
  if (ledgers.length === 0) return undefined
  const sum = (of: (ledger: (typeof ledgers)[number]) => number) =>
    countText(ledgers.reduce((all, ledger) => all + of(ledger), 0))
  return `${sum(({ lost }) => lost)} lost, ${sum(({ duplicated }) => duplicated)} twice`
}

function latencyTable(contenders: readonly ContenderReport[], palette: Palette): string {
  const quantiles = ['p50', 'p99', 'p999', 'max'] as const
  const rows = contenders.flatMap(({ name, samples }): TableRow[] =>
    Object.keys(samples[0]!.latency ?? {}).map((awaited) => ({
      cells: [
        name,
        awaited,
        ...quantiles.map((quantile) =>
          medianText(samples, ({ latency }) => latency?.[awaited]?.[quantile], latencyText),
        ),
      ],
    })),
  )
  if (rows.length === 0) return ''
  const titles = ['p50', 'p99', 'p99.9', 'max']
  const columns = titles.map((title): Column => ({ title, isNumber: true }))
  return tableText([{ title: 'contender' }, { title: 'latency' }, ...columns], rows, palette)
}

function figureTable(contenders: readonly ContenderReport[], palette: Palette): string {
  const names = [...new Set(contenders.flatMap(({ samples }) => Object.keys(samples[0]!.figures ?? {})))]
  if (names.length === 0) return ''
  const columns = names.map((name): Column => ({ title: figureTitle(name), isNumber: true }))
  const rows = contenders
    .filter(({ samples }) => samples[0]!.figures !== undefined)
    .map(({ name, samples }) => ({
      cells: [
        name,
        ...names.map((figure) =>
          medianText(
            samples,
            ({ figures }) => figures?.[figure],
            (value) => figureText(figure, value),
          ),
        ),
      ],
    }))
  return tableText([{ title: 'contender' }, ...columns], rows, palette)
}

function medianText(
  samples: readonly Sample[],
  of: (sample: Sample) => number | undefined,
  textOf: (value: number) => string,
): string | undefined {
  const values = samples.flatMap((sample) => of(sample) ?? []).sort((a, b) => a - b)
  return values.length === 0 ? undefined : textOf(medianOf(values))
}
