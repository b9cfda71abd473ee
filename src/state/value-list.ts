import type { CanonicalKey } from '../kit/key.js'
import type { Row } from '../record/plain-row.js'
import { encodeColumns } from '../record/row-codec.js'
import { RowShape } from './row-shape.js'

/** The shape that all lists of one state have for their rows; undefined until its first row. */
export interface KnownShape {
  shape: RowShape | undefined
}

/** What comes out of a snapshot: rows, a column for each of their fields; or single values, in the only column. */
export interface LoadedValues {
  readonly names: readonly string[] | undefined
  readonly columns: readonly (readonly unknown[])[]
}

export interface EncodedValues {
  /** Of the fields of rows; undefined: values are single. */
  readonly names: readonly string[] | undefined
  /** A view that the next call overwrites. */
  readonly bytes: Uint8Array
}

/** Stands in place of a value that is in the columns. */
const IN_COLUMNS = Symbol('in columns')

/**
 * Values side by side, by position. Those that are rows of one shape stand in columns, a list for each field: a row is
 * then no object that the collector must visit, what changes in it is one number in one list, and a snapshot reads it
 * without making it. All else stands there as it was given.
 */
export class ValueList {
  readonly #known: KnownShape
  #wholes: unknown[] = []
  /** As long as `#wholes`, once there are any. */
  #columns: unknown[][] = []

  constructor(known: KnownShape) {
    this.#known = known
  }

  push(value: unknown): void {
    this.#known.shape ??= RowShape.of(value)
    const position = this.#wholes.length
    const isRow = this.#known.shape?.write(value, this.#columnsOf(this.#known.shape), position) === true
    this.#wholes.push(isRow ? IN_COLUMNS : value)
    if (!isRow) for (const column of this.#columns) column[position] = undefined
  }

  /** What a snapshot held. */
  pushAll({ names, columns }: LoadedValues): void {
    const [first = []] = columns
    if (names === undefined) {
      for (const value of first) this.push(value)
      return
    }
    const loaded = new RowShape(names)
    this.#known.shape ??= loaded
    if (!this.#known.shape.hasSameFields(loaded)) {
      for (let row = 0; row < first.length; row++) this.push(loaded.rowAt(columns, row))
      return
    }
    this.#columnsOf(loaded).forEach((column, i) => {
      for (const scalar of columns[i]!) column.push(scalar)
    })
    for (let row = 0; row < first.length; row++) this.#wholes.push(IN_COLUMNS)
  }

  /** The value at `position` of another list of the same state. */
  pushFrom(other: ValueList, position: number): void {
    if (!other.isInColumns(position)) {
      this.push(other.#wholes[position])
      return
    }
    const columns = this.#columnsOf(this.#known.shape!)
    for (let i = 0; i < columns.length; i++) columns[i]!.push(other.#columns[i]![position])
    this.#wholes.push(IN_COLUMNS)
  }

  set(position: number, value: unknown): void {
    const { shape } = this.#known
    const isRow = shape?.write(value, this.#columnsOf(shape), position) === true
    this.#wholes[position] = isRow ? IN_COLUMNS : value
  }

  /** Of what stands in columns a new row, which is its reader's. */
  at(position: number): unknown {
    const whole = this.#wholes[position]
    return whole === IN_COLUMNS ? this.#known.shape!.rowAt(this.#columns, position) : whole
  }

  isInColumns(position: number): boolean {
    return this.#wholes[position] === IN_COLUMNS
  }

  /** One field of a row, in columns or not; undefined also where rows have no such field. */
  fieldAt(position: number, name: string): unknown {
    const whole = this.#wholes[position]
    return whole === IN_COLUMNS ? this.#columnOf(name)?.[position] : (whole as Row)[name]
  }

  /** Of a row that has the field. */
  setFieldAt(position: number, name: string, value: number | bigint): void {
    const whole = this.#wholes[position]
    if (whole !== IN_COLUMNS) (whole as Row)[name] = value
    else this.#columnOf(name)![position] = value
  }

  /** Lets go of a value whose position is of no use any more. What it had in columns goes when gaps are closed up. */
  forget(position: number): void {
    this.#wholes[position] = undefined
  }

  /** Position i is now that of `staying[i]`. */
  closeUp(staying: readonly number[]): void {
    this.#wholes = staying.map((position) => this.#wholes[position])
    this.#columns = this.#columns.map((column) => staying.map((position) => column[position]))
  }

  /**
   * Values as bytes, each behind its key: of rows the fields. Undefined: not all of them are rows in columns, or not all
   * are scalars.
   */
  encode(keys: readonly CanonicalKey[], positions: readonly number[]): EncodedValues | undefined {
    const { shape } = this.#known
    const areRows =
      shape !== undefined && positions.every((position) => this.#wholes[position] === IN_COLUMNS)
    const columns = areRows ? this.#columns : [this.#wholes]
    const bytes = encodeColumns(keys, columns, positions)
    return bytes && { names: areRows ? shape.names : undefined, bytes }
  }

  #columnOf(name: string): unknown[] | undefined {
    return this.#columns[this.#known.shape!.fieldOf(name)]
  }

  /** Made when the first row comes, or when this list first hears of one. */
  #columnsOf({ names }: RowShape): unknown[][] {
    if (this.#columns.length === 0) {
      this.#columns = names.map(() => Array.from(this.#wholes, () => undefined))
    }
    return this.#columns
  }
}
