import { LIMITS } from '../../kit/limits.js'
import type { Row, RowEncoder } from './row-encoder.js'

/** Bookkeeping of a row beyond its text, about. */
const ROW_OVERHEAD = 16

/**
 * Rows that go into one statement, gathered until there are enough.
 *
 * With a key, the last row of a key replaces the ones before it (one statement may not touch a row twice), and rows
 * come out sorted by key, in the same order everywhere: writers that lock rows in one order cannot deadlock. Without a
 * key they come out as they came in.
 */
export class RowPile {
  readonly #encoder: RowEncoder
  /** Undefined without a key. */
  readonly #byKey: Map<string, Row> | undefined
  readonly #rows: Row[] = []
  #bytes = 0

  constructor(encoder: RowEncoder, isKeyed: boolean) {
    this.#encoder = encoder
    this.#byKey = isKeyed ? new Map() : undefined
  }

  get rows(): number {
    return this.#byKey?.size ?? this.#rows.length
  }

  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.rows === 0
  }

  get isFull(): boolean {
    return this.rows >= LIMITS.pieceRows || this.#bytes >= LIMITS.pieceBytes
  }

  /** Throws RT1446 for a record that the table could not hold. */
  add(record: unknown): void {
    const row = this.#encoder.encode(record)
    this.#bytes += bytesOf(row)
    if (this.#byKey === undefined) {
      this.#rows.push(row)
      return
    }
    const key = this.#encoder.keyOf(row, record)
    const replaced = this.#byKey.get(key)
    if (replaced !== undefined) this.#bytes -= bytesOf(replaced)
    this.#byKey.set(key, row)
  }

  /** The rows, in the order in which they are to be written. */
  sorted(): readonly Row[] {
    if (this.#byKey === undefined) return this.#rows
    return [...this.#byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, row]) => row)
  }
}

/** Of what will be sent, about: text is mostly one byte a character, and quoted. */
function bytesOf(row: Row): number {
  let bytes = ROW_OVERHEAD
  for (let i = 0; i < row.length; i++) bytes += (row[i]?.length ?? 4) + 3
  return bytes
}
