import { type Palette, plainText } from './palette.js'

export interface Column {
  readonly title: string
  /** Numbers stand at the right. */
  readonly isNumber?: true
}

export interface TableRow {
  /** Undefined: not known. */
  readonly cells: readonly (string | undefined)[]
  /** Lines below the row that belong to it, with the indentation that they need. */
  readonly below?: readonly string[]
}

const GAP = '  '

/** Rows as aligned lines, below faint titles. A column that knows nothing in any row is left out. */
export function tableText(columns: readonly Column[], rows: readonly TableRow[], palette: Palette): string {
  const shown = columns.flatMap((column, index) => {
    const texts = rows.map(({ cells }) => cells[index])
    if (texts.every((text) => text === undefined)) return []
    const widths = texts.map((text) => plainText(text ?? '-').length)
    return [{ ...column, index, width: Math.max(column.title.length, ...widths) }]
  })
  const line = (textOf: (column: (typeof shown)[number]) => string) =>
    shown
      .map((column) => padded(textOf(column), column.width, column.isNumber))
      .join(GAP)
      .trimEnd()
  const head = line(({ title }) => title)
  const body = rows.flatMap(({ cells, below = [] }) => [
    line(({ index }) => cells[index] ?? palette.faint('-')),
    ...below,
  ])
  return `${[palette.faint(head), ...body].join('\n')}\n`
}

function padded(text: string, width: number, isNumber: true | undefined): string {
  const space = ' '.repeat(Math.max(0, width - plainText(text).length))
  return isNumber === true ? `${space}${text}` : `${text}${space}`
}

/** `text` in at most `columns` characters. */
export function clipped(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`
}
