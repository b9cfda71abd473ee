import { RetakeError } from '../../kit/errors.js'
import { COLUMN_TYPES, type ColumnEncoder, Unfit } from './column-type.js'
import type { Column } from './postgres-options.js'

/** A row as text, column by column; null is NULL. */
export type Row = readonly (string | null)[]

/** What the table asks of a column beyond its type. */
export interface ColumnRule {
  readonly isNotNull: boolean
  /** Why a text of the right type is still too much for this column (`varchar(n)`, `numeric(p,s)`); undefined if it fits. */
  readonly isTooMuch?: ((text: string) => string | undefined) | undefined
}

interface EncodedColumn extends Column, ColumnRule {
  readonly encode: ColumnEncoder
}

/** An index entry of PostgreSQL holds a third of a page; a longer key could be refused when it is too late. */
const KEY_BYTES_MAX = 2_600

/**
 * Turns records into rows. A record that the table could not hold is refused here, while the record can still be
 * named: after it has been staged, nobody could.
 */
export class RowEncoder {
  readonly #columns: readonly EncodedColumn[]
  readonly #keyIndexes: readonly number[]
  readonly #table: string

  constructor(
    table: string,
    columns: readonly Column[],
    key: readonly string[],
    rules: ReadonlyMap<string, ColumnRule>,
  ) {
    this.#table = table
    this.#keyIndexes = key.map((name) => columns.findIndex((column) => column.name === name))
    this.#columns = columns.map(({ name, from, type }) => {
      const rule = rules.get(name)
      const isNotNull = rule?.isNotNull === true || key.includes(name)
      return { name, from, type, encode: COLUMN_TYPES[type].encode, isNotNull, isTooMuch: rule?.isTooMuch }
    })
  }

  /** The row of `record`. Throws RT1446, naming the column and showing the record. */
  encode(record: unknown): Row {
    if (typeof record !== 'object' || record === null)
      throw this.#refused(record, undefined, 'is not an object')
    const row = new Array<string | null>(this.#columns.length)
    for (let i = 0; i < row.length; i++) {
      const column = this.#columns[i]!
      row[i] = this.#encodeColumn(column, (record as Record<string, unknown>)[column.from], record)
    }
    return row
  }

  /** What tells this row from others, as one text. Throws RT1446 for a key that no index could hold. */
  keyOf(row: Row, record: unknown): string {
    const [first = 0] = this.#keyIndexes
    if (this.#keyIndexes.length === 1) return this.#checkKey(row[first] as string, record)
    let key = ''
    for (const index of this.#keyIndexes) {
      const part = row[index] as string
      key += `${part.length}:${part}`
    }
    return this.#checkKey(key, record)
  }

  #checkKey(key: string, record: unknown): string {
    if (key.length * 3 <= KEY_BYTES_MAX || Buffer.byteLength(key) <= KEY_BYTES_MAX) return key
    const columns = this.#keyIndexes.map((index) => this.#columns[index]?.name).join(', ')
    throw this.#refused(
      record,
      columns,
      `is a key of more than ${KEY_BYTES_MAX} bytes, which no index can hold`,
    )
  }

  #encodeColumn(column: EncodedColumn, value: unknown, record: object): string | null {
    if (value === undefined) {
      throw this.#refused(
        record,
        column.name,
        `is missing: the record has no field ${JSON.stringify(column.from)}`,
      )
    }
    if (value === null) {
      if (column.isNotNull) throw this.#refused(record, column.name, 'is null, and the column may not be')
      return null
    }
    try {
      const text = column.encode(value)
      const tooMuch = column.isTooMuch?.(text)
      if (tooMuch === undefined) return text
      throw new Unfit(tooMuch)
    } catch (error) {
      if (!(error instanceof Unfit)) throw error
      throw this.#refused(record, column.name, `(${column.type}) is ${error.message}`)
    }
  }

  #refused(record: unknown, column: string | undefined, why: string): RetakeError {
    return new RetakeError('RT1446', {
      what: `a record does not fit table ${this.#table}: ${sampleOf(record)}`,
      why: column === undefined ? `it ${why}` : `the value of column ${JSON.stringify(column)} ${why}`,
      fix: 'drop or mend such records before the sink (filter or map), or change the column',
    })
  }
}

const SAMPLE_LENGTH = 300

/** The record as one line of at most 300 characters, with nothing in it that breaks a terminal or a log. */
function sampleOf(record: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
  } catch {
    text = undefined
  }
  const shown = text ?? String(record)
  return shown.length <= SAMPLE_LENGTH ? shown : `${shown.slice(0, SAMPLE_LENGTH)}…`
}
