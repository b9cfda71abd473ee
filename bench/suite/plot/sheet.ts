import { wrapped } from '#src/cli/wrapped.js'
import { chartText, escaped, px } from '../../../test/support/chart.js'
import { machineText } from '../machine-text.js'
import type { BenchmarkReport, Code, Machine } from '../report.js'
import { COLOURS } from './palette.js'

/** Whose picture it is, and what it was measured on. */
export interface Subject {
  readonly benchmark: BenchmarkReport
  readonly machine: Machine
  readonly code: Code
}

export interface Key {
  readonly text: string
  /** What stands before the text, 20 wide, drawn around a line at height 0. */
  readonly mark: string
}

export const WIDTH = 860
/** Of what is drawn; texts of axes stand beside it. */
export const [LEFT, RIGHT] = [76, 836]
const MARGIN = 24
/** As wide as a heading of 16 pixels is in bold type. */
const BOLD = 19

/**
 * A picture from its top: the question, how to read it, the keys, then what `draw` draws below that, then the machine.
 * `draw` is told where it may begin, and tells where it has ended.
 */
export function sheetText(
  { benchmark, machine, code }: Subject,
  {
    reading,
    keys = [],
    style,
    draw,
  }: {
    readonly reading: string
    readonly keys?: readonly Key[]
    readonly style: string
    readonly draw: (top: number) => { readonly marks: readonly string[]; readonly bottom: number }
  },
): string {
  let y = 12
  const lineOf = (kind: string, height: number) => (text: string) => {
    y += height
    return `<text class="${kind}" x="${MARGIN}" y="${y}">${escaped(text)}</text>`
  }
  const head = [
    ...linesOf(benchmark.question, WIDTH - 2 * MARGIN, BOLD).map(lineOf('heading', 20)),
    ...linesOf(reading, WIDTH - 2 * MARGIN).map((line, index) => lineOf('note', index === 0 ? 22 : 16)(line)),
  ]
  const rows = keyRows(keys)
  const legend = rows.map((row, index) => `<g transform="translate(0 ${y + 26 + index * 20})">${row}</g>`)
  const { marks, bottom } = draw(y + 20 + (rows.length > 0 ? rows.length * 20 + 8 : 0))
  y = bottom + 8
  const foot = linesOf(machineText(machine, code), WIDTH - 2 * MARGIN, 11).map(lineOf('note small', 16))
  return chartText({
    width: WIDTH,
    height: y + 14,
    title: `${benchmark.name}: ${benchmark.question}`,
    colours: COLOURS,
    style: `.note{fill:var(--muted)}.axis{stroke:var(--muted)}\n${style}`,
    body: [...head, ...legend, ...marks, ...foot],
  })
}

/** Side by side, as many as fit in a row. */
function keyRows(keys: readonly Key[]): readonly string[] {
  const rows: string[] = []
  let x = WIDTH
  for (const { text, mark } of keys) {
    const width = 26 + widthOf(text) + 18
    if (x + width > WIDTH - MARGIN) {
      rows.push('')
      x = MARGIN
    }
    rows[rows.length - 1] +=
      `<g transform="translate(${px(x)} 0)">${mark}</g><text x="${px(x + 26)}" y="4">${escaped(text)}</text>`
    x += width
  }
  return rows
}

/** No wider than `width` pixels in most fonts. */
export function linesOf(text: string, width: number, size = 12): string[] {
  return wrapped(text, Math.floor(width / widthOf('x', size)))
}

export function widthOf(text: string, size = 12): number {
  return text.length * size * 0.56
}
