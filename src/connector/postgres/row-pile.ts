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
  /** The last row of each key; undefined without a key. */
  readonly #byKey: Map<string, Keyed> | undefined
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
    const bytes = bytesOf(row)
    this.#bytes += bytes
    if (this.#byKey === undefined) {
      this.#rows.push(row)
      return
    }
    const key = this.#encoder.keyOf(row, record)
    const keyed = this.#byKey.get(key)
    if (keyed === undefined) {
      this.#byKey.set(key, { row, bytes })
      return
    }
    this.#bytes -= keyed.bytes
    keyed.row = row
    keyed.bytes = bytes
  }

  /** The rows, in the order in which they are to be written. */
  sorted(): readonly Row[] {
    if (this.#byKey === undefined) return this.#rows
    return [...this.#byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, { row }]) => row)
  }
}

interface Keyed {
  row: Row
  bytes: number
}

/** Of what will be sent, about: text is mostly one byte a character, and quoted. */
function bytesOf(row: Row): number {
  let bytes = ROW_OVERHEAD
  for (let i = 0; i < row.length; i++) bytes += (row[i]?.length ?? 4) + 3
  return bytes
}
