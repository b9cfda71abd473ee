import { assert } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import type { CheckpointId } from '../kit/ids.js'
import type { Operator, OperatorContext } from '../operator/operator.js'
import { UNOPENED } from '../operator/unopened.js'
import type { Capture, SplitPosition } from '../state/snapshot.js'
import type { SourceConnector } from './registry.js'
import type { SourceReader, SourceSpec } from './source.js'
import { toldFailure } from './told-failure.js'

/** What a source needs of its subtask. */
export interface SourceEnvironment {
  readonly clock: Clock
  ready(): void
  fail(error: unknown): void
  skipped(reason: unknown, sample: string): void
}

/**
 * A source reader at the head of a chain. Its snapshot are the positions of its splits, fixed at the barrier. What its
 * reader throws is told with the line of the user's call.
 */
export class SourceOperator implements Operator {
  readonly #connector: SourceConnector
  readonly #spec: SourceSpec
  readonly #environment: SourceEnvironment
  readonly #positions = new Map<CheckpointId, readonly SplitPosition[]>()
  readonly #known = new Set<string>()
  #reader: SourceReader | undefined
  #ctx = UNOPENED

  constructor(connector: SourceConnector, spec: SourceSpec, environment: SourceEnvironment) {
    this.#connector = connector
    this.#spec = spec
    this.#environment = environment
  }

  open(ctx: OperatorContext): void {
    const environment = this.#environment
    const { logger, subtask, parallelism } = ctx
    this.#ctx = ctx
    try {
      this.#reader = this.#connector.reader(this.#spec, {
        clock: environment.clock,
        logger,
        subtask,
        parallelism,
        emit: (record) => ctx.emit(record),
        ready: () => environment.ready(),
        fail: (error) => environment.fail(this.#told(error)),
        skipped: (reason, sample) => environment.skipped(reason, sample),
      })
    } catch (error) {
      throw this.#told(error)
    }
  }

  process(): void {
    assert(false, 'a source has no input')
  }

  /** An assignment may be repeated: what this subtask reads already is not read a second time. */
  addSplits(splits: readonly SplitPosition[]): void {
    const fresh = splits.filter(({ split }) => !this.#known.has(split))
    for (const { split } of fresh) this.#known.add(split)
    try {
      this.#opened().addSplits(fresh)
    } catch (error) {
      throw this.#told(error)
    }
  }

  poll(): 'more' | 'idle' | 'end' {
    try {
      return this.#opened().poll()
    } catch (error) {
      throw this.#told(error)
    }
  }

  positions(): readonly SplitPosition[] {
    return this.#opened().positions()
  }

  capture(checkpoint: CheckpointId): Capture {
    const splits = this.positions()
    this.#positions.set(checkpoint, splits)
    return { slice: () => true, upload: async () => ({ splits }) }
  }

  onCheckpointComplete(checkpoint: CheckpointId): void {
    const completed = this.#positions.get(checkpoint)
    for (const captured of this.#positions.keys())
      if (captured <= checkpoint) this.#positions.delete(captured)
    if (completed !== undefined) this.#reader?.onCheckpointComplete?.(checkpoint, completed)
  }

  async close(): Promise<void> {
    await this.#reader?.close()
  }

  #told(error: unknown): unknown {
    const { operator, where } = this.#ctx
    return toldFailure(error, { kind: 'source', operator, where })
  }

  #opened(): SourceReader {
    assert(this.#reader !== undefined, 'a source is opened before it is used')
    return this.#reader
  }
}
