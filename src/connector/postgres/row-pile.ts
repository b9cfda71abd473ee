import { LIMITS } from '../../kit/limits.js'
import type { Row, RowEncoder } from './row-encoder.js'

/** Bookkeeping of a row beyond its text, about. */
const ROW_OVERHEAD = 16

/**
 * Rows that are gathered to be written.
 *
 * With a key, the last row of a key replaces the ones before it (one statement may not touch a row twice), and rows
 * come out sorted by key, in the same order everywhere: writers that lock rows in one order cannot deadlock. Without a
 * key they come out as they came in.
 */
export class RowPile {
  readonly #encoder: RowEncoder
  /** The last row of each key; undefined without a key. */
  readonly #byKey: Map<string, PiledRow> | undefined
  readonly #rows: PiledRow[] = []
  #bytes = 0

  constructor(encoder: RowEncoder, isKeyed: boolean) {
    this.#encoder = encoder
    this.#byKey = isKeyed ? new Map() : undefined
  }

  get isKeyed(): boolean {
    return this.#byKey !== undefined
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

  /** It has enough for one statement. */
  get isFull(): boolean {
    return isPiece(this.rows, this.#bytes)
  }

  /** Throws RT1446 for a record that the table could not hold. */
  add(record: unknown): void {
    const row = this.#encoder.encode(record)
    const bytes = bytesOf(row)
    this.#bytes += bytes
    if (this.#byKey === undefined) {
      this.#rows.push({ key: '', row, bytes })
      return
    }
    const key = this.#encoder.keyOf(row, record)
    const piled = this.#byKey.get(key)
    if (piled === undefined) {
      this.#byKey.set(key, { key, row, bytes })
      return
    }
    this.#bytes -= piled.bytes
    piled.row = row
    piled.bytes = bytes
  }

  /** Its rows, in the order in which they are to be written. */
  sorted(): readonly Row[] {
    return new RowBlock([...this.#piled()], this.#bytes).sorted()
  }

  /** Its rows in blocks of one statement each. No key is in two of them. */
  blocks(): readonly RowBlock[] {
    const blocks: RowBlock[] = []
    let rows: PiledRow[] = []
    let bytes = 0
    for (const piled of this.#piled()) {
      rows.push(piled)
      bytes += piled.bytes
      if (!isPiece(rows.length, bytes)) continue
      blocks.push(new RowBlock(rows, bytes))
      rows = []
      bytes = 0
    }
    if (rows.length > 0) blocks.push(new RowBlock(rows, bytes))
    return blocks
  }

  #piled(): Iterable<PiledRow> {
    return this.#byKey?.values() ?? this.#rows
  }
}

/** Rows of one statement. */
class RowBlock {
  readonly bytes: number
  readonly #rows: PiledRow[]

  constructor(rows: PiledRow[], bytes: number) {
    this.#rows = rows
    this.bytes = bytes
  }

  /** By key; those without one stay as they came. */
  sorted(): readonly Row[] {
    return this.#rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ row }) => row)
  }
}

interface PiledRow {
  /** The same for all that have none. */
  readonly key: string
  row: Row
  bytes: number
}

function isPiece(rows: number, bytes: number): boolean {
  return rows >= LIMITS.pieceRows || bytes >= LIMITS.pieceBytes
}

/** Of what will be sent, about: text is mostly one byte a character, and quoted. */
function bytesOf(row: Row): number {
  let bytes = ROW_OVERHEAD
  for (let i = 0; i < row.length; i++) bytes += (row[i]?.length ?? 4) + 3
  return bytes
}
