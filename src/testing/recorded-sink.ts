import type { SinkConnector } from '../connector/registry.js'
import type { SinkContext, SinkWriter } from '../connector/sink.js'
import type { PieceName, UncodedPiece } from '../connector/staged-pieces.js'
import {
  fencedError,
  type PieceAnswer,
  type PieceTarget,
  type Pile,
  StagedWriter,
} from '../connector/staged-writer.js'
import { assert } from '../kit/assert.js'
import { LIMITS } from '../kit/limits.js'
import { packValue, unpackValue } from '../record/value-codec.js'
import type { Capture, Piece } from '../state/snapshot.js'
import type { RecordedTable } from './recorded-table.js'

/** What writes to recorded tables, under whatever name a job's own connector has. */
export function recordedSink(tables: ReadonlyMap<string, RecordedTable>): SinkConnector {
  return {
    writer: ({ guarantee }, ctx) => {
      const table = tables.get(ctx.operator)
      assert(table !== undefined, 'every sink of a tested job has a table', { sink: ctx.operator })
      if (guarantee === 'at-least-once') return new WriteThrough(table, ctx)
      return new StagedWriter(ctx, new RecordedTarget(table, ctx))
    },
  }
}

/** A table as an exactly-once sink sees it. */
class RecordedTarget implements PieceTarget {
  readonly #table: RecordedTable
  readonly #ctx: SinkContext

  constructor(table: RecordedTable, ctx: SinkContext) {
    this.#table = table
    this.#ctx = ctx
  }

  async open(): Promise<void> {
    if (!this.#table.raiseFence(this.#ctx)) throw fencedError(this.#ctx)
  }

  pile(): Pile {
    return new RecordPile(this.#ctx.operator)
  }

  async apply(name: PieceName, bytes: Uint8Array): Promise<PieceAnswer> {
    const packed = unpackValue(bytes) as readonly Uint8Array[]
    return this.#table.apply(this.#ctx, name, packed.map(unpackValue))
  }

  async close(): Promise<void> {}
}

/** Records as the bytes that they are staged as. */
class RecordPile implements Pile {
  readonly #sink: string
  readonly #packed: Uint8Array[] = []
  #bytes = 0

  constructor(sink: string) {
    this.#sink = sink
  }

  get isEmpty(): boolean {
    return this.#packed.length === 0
  }

  get isFull(): boolean {
    return this.#packed.length >= LIMITS.pieceRows || this.#bytes >= LIMITS.pieceBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  add(record: unknown): void {
    const packed = Uint8Array.from(packValue(record, this.#sink))
    this.#packed.push(packed)
    this.#bytes += packed.length
  }

  cut(): readonly UncodedPiece[] {
    return [{ size: this.#bytes, encode: () => Uint8Array.from(packValue(this.#packed)) }]
  }
}

/** An at-least-once sink: what it is given is in the table at once. */
class WriteThrough implements SinkWriter {
  readonly #table: RecordedTable
  readonly #ctx: SinkContext

  constructor(table: RecordedTable, ctx: SinkContext) {
    this.#table = table
    this.#ctx = ctx
  }

  async open(restored: readonly Piece[]): Promise<void> {
    assert(restored.length === 0, 'staged rows were restored into a sink that stages none', {
      operator: this.#ctx.operator,
    })
    if (!this.#table.raiseFence(this.#ctx)) throw fencedError(this.#ctx)
  }

  write(records: readonly unknown[]): void {
    if (!this.#table.write(this.#ctx, records)) throw fencedError(this.#ctx)
  }

  isReady(): boolean {
    return true
  }

  capture(): Capture {
    return { slice: () => true, upload: async () => ({}) }
  }

  onCheckpointComplete(): void {}

  async drain(): Promise<void> {}

  async close(): Promise<void> {}
}
