import { refusal } from './postgres-refusal.js'
import type { CreateTable } from './sql-syntax.js'
import { cast, type SqlRow, type SqlValue } from './sql-value.js'

export interface SqlColumn {
  readonly name: string
  readonly type: string
  readonly isNotNull: boolean
  /** Numbered from 1 when it is not given (`bigserial`). */
  readonly isNumbered: boolean
}

/** A row that a statement puts into a table; `before` is what it replaces. */
export interface RowChange {
  readonly before: SqlRow | undefined
  readonly after: SqlRow
}

/** Rows in the order in which they came; with a primary key, one of each key. */
export class SqlTable {
  /** `schema.table` */
  readonly name: string
  readonly oid: number
  readonly columns: readonly SqlColumn[]
  readonly key: readonly string[]
  readonly #rows: SqlRow[] = []
  /** Where a key stands among the rows. */
  readonly #places = new Map<string, number>()
  #lastNumber = 0n

  constructor({ table, columns, key }: CreateTable, oid: number) {
    this.name = table
    this.oid = oid
    this.key = key
    this.columns = columns.map(({ name, type, isNotNull }) => {
      const isNumbered = type === 'bigserial'
      return { name, type: isNumbered ? 'bigint' : type, isNotNull: isNotNull || isNumbered, isNumbered }
    })
  }

  get rows(): readonly SqlRow[] {
    return this.#rows
  }

  find(key: string): SqlRow | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#rows[place]
  }

  /** The key of a row as one text; undefined when the table has none. */
  keyOf(row: SqlRow): string | undefined {
    return this.key.length === 0 ? undefined : this.key.map((name) => String(row[name])).join('\0')
  }

  column(name: string): SqlColumn {
    const column = this.columns.find((candidate) => candidate.name === name)
    if (column === undefined) throw refusal('42703', `column "${name}" of ${this.name} does not exist`)
    return column
  }

  /** The row that has `given`, and in its other columns what they have by themselves. */
  rowOf(given: Readonly<Record<string, SqlValue>>): SqlRow {
    const row: Record<string, SqlValue> = {}
    for (const { name, type, isNotNull, isNumbered } of this.columns) {
      const isGiven = Object.hasOwn(given, name)
      row[name] = isNumbered && !isGiven ? ++this.#lastNumber : cast(given[name] ?? null, type)
      if (row[name] === null && isNotNull) {
        throw refusal('23502', `null value in column "${name}" of relation "${this.name}" violates not-null`)
      }
    }
    return row
  }

  put({ before, after }: RowChange): void {
    const key = this.keyOf(after)
    const place = before === undefined || key === undefined ? this.#rows.length : this.#places.get(key)
    if (place === undefined) throw new Error(`${this.name} has no row to replace`)
    if (key !== undefined) this.#places.set(key, place)
    this.#rows[place] = after
  }
}
