import type { Palette } from '#src/cli/palette.js'
import { type Column, tableText } from '#src/cli/table.js'
import type { BenchmarkComparison, Change, Comparison } from './comparison.js'
import { figureText, figureTitle, ratioText } from './figure-text.js'
import type { Interval } from './interval.js'

/** Why two reports are not compared, in lines. */
export function obstaclesText({ obstacles }: Comparison, palette: Palette): string {
  return [
    palette.bad('These reports cannot be compared: they are not of the same machine and settings.'),
    ...obstacles.map((obstacle) => `  ${obstacle}`),
  ].join('\n')
}

/** All of a comparison for people. */
export function comparisonText(comparison: Comparison, bound: number, palette: Palette): string {
  const { notices, benchmarks } = comparison
  return [
    palette.faint(
      `B over A, medians of the rounds, with 95 % intervals; better or worse where the whole interval is beyond ${boundText(bound)}`,
    ),
    ...notices.map((notice) => palette.notice(`- ${notice}`)),
    ...benchmarks.flatMap((benchmark) => ['', benchmarkLines(benchmark, palette)]),
    '',
  ].join('\n')
}

function boundText(bound: number): string {
  return `${Number((bound * 100).toPrecision(3))} %`
}

function benchmarkLines({ name, unit, changes, remarks }: BenchmarkComparison, palette: Palette): string {
  const numbers = ['A', 'B', 'B / A', 'to the first'].map((title): Column => ({ title, isNumber: true }))
  const columns: Column[] = [{ title: 'contender' }, { title: 'figure' }, ...numbers, { title: '' }]
  const rows = changes.map((change) => ({ cells: cellsOf(change, unit, palette) }))
  return [
    palette.strong(name),
    ...(rows.length === 0 ? [] : [tableText(columns, rows, palette).trimEnd()]),
    ...remarks.map(({ text, isRegression }) =>
      isRegression ? palette.bad(`✗ ${text}`) : palette.notice(`- ${text}`),
    ),
  ].join('\n')
}

function cellsOf(
  { contender, figure, before, after, ratio, relative, verdict }: Change,
  unit: string,
  palette: Palette,
): (string | undefined)[] {
  return [
    contender,
    figure === 'rate' ? `${unit}/s` : figureTitle(figure),
    figureText(figure, before),
    figureText(figure, after),
    intervalText(ratio),
    relative && intervalText(relative),
    verdictText(verdict, palette),
  ]
}

function intervalText({ ratio, low, high }: Interval): string {
  return `${ratioText(ratio)} (${ratioText(low)}–${ratioText(high)})`
}

function verdictText(verdict: Change['verdict'], palette: Palette): string {
  switch (verdict) {
    case 'better':
      return palette.good('better')
    case 'worse':
      return palette.bad('worse')
    case 'undecided':
      return palette.faint('no change shown')
    case 'too few rounds':
    case 'for information':
      return palette.faint(verdict === 'for information' ? '' : verdict)
  }
}
