import { type Capture, customSink, of, type Sink, type SinkContext, type SinkWriter } from 'retake'
import { Histogram } from '../suite/histogram.js'
import type { PacedClick } from './paced-clicks.js'
import { tellLatency } from './progress.js'

export type PacedRow = Pick<PacedClick, 'userId' | 'dueAt' | 'counts'> & { readonly clicks: number }

export type Guarantee = 'at-least-once' | 'exactly-once'

/** An end that keeps nothing but how long it took from when a row was due until it is there for a reader. */
export function latencySink(guarantee: Guarantee): Sink<PacedRow> {
  return customSink({
    writer: (ctx) => new LatencyWriter(guarantee, ctx),
    takes: of<PacedRow>(),
    guarantee,
  })
}

/** A row is there when it is written; with exactly-once, when the checkpoint that holds it is complete. */
class LatencyWriter implements SinkWriter {
  readonly #guarantee: Guarantee
  readonly #ctx: SinkContext
  readonly #latency = new Histogram()
  /** When rows were due: since the last barrier, and of checkpoints that are not complete. */
  #staged: number[] = []
  readonly #captured: { readonly checkpoint: number; readonly due: readonly number[] }[] = []

  constructor(guarantee: Guarantee, ctx: SinkContext) {
    this.#guarantee = guarantee
    this.#ctx = ctx
  }

  async open(): Promise<void> {}

  write(rows: readonly PacedRow[]): void {
    const due: number[] = []
    for (const { dueAt, counts } of rows) if (counts) due.push(dueAt)
    if (this.#guarantee === 'at-least-once') this.#record(due)
    else for (const at of due) this.#staged.push(at)
  }

  isReady(): boolean {
    return true
  }

  capture(checkpoint: number): Capture {
    this.#captured.push({ checkpoint, due: this.#staged })
    this.#staged = []
    return { slice: () => true, upload: async () => ({}) }
  }

  onCheckpointComplete(checkpoint: number): void {
    while (this.#captured.length > 0 && this.#captured[0]!.checkpoint <= checkpoint)
      this.#record(this.#captured.shift()!.due)
  }

  async drain(): Promise<void> {}

  async close(): Promise<void> {
    tellLatency(this.#guarantee === 'at-least-once' ? 'to sink' : 'to commit', this.#latency)
  }

  #record(due: readonly number[]): void {
    const now = this.#ctx.clock.now()
    for (let i = 0; i < due.length; i++) this.#latency.record(now - due[i]!)
  }
}
