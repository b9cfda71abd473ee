import { assert } from '../kit/assert.js'
import type { CheckpointId } from '../kit/ids.js'
import type { Operator, OperatorContext } from '../operator/operator.js'
import { UNOPENED } from '../operator/unopened.js'
import type { Capture } from '../state/snapshot.js'
import type { SinkConnector } from './registry.js'
import type { SinkContext, SinkSpec, SinkWriter } from './sink.js'
import { toldFailure } from './told-failure.js'

/** What a sink needs of its subtask, besides what every operator has. */
export type SinkEnvironment = Pick<
  SinkContext,
  'clock' | 'job' | 'attempt' | 'blobs' | 'restoredFrom' | 'allowRepeatedRows' | 'ready' | 'fail'
>

/** A sink writer at the end of a chain. What it throws is told with the line of the user's call. */
export class SinkOperator implements Operator {
  readonly #connector: SinkConnector
  readonly #spec: SinkSpec
  readonly #environment: SinkEnvironment
  #writer: SinkWriter | undefined
  #ctx = UNOPENED

  constructor(connector: SinkConnector, spec: SinkSpec, environment: SinkEnvironment) {
    this.#connector = connector
    this.#spec = spec
    this.#environment = environment
  }

  /** Resolves when what was restored is committed. */
  async open(ctx: OperatorContext): Promise<void> {
    const environment = this.#environment
    const { clock, job, attempt, blobs, restoredFrom, allowRepeatedRows } = environment
    const { logger, run, operator, subtask, parallelism } = ctx
    this.#ctx = ctx
    try {
      this.#writer = this.#connector.writer(this.#spec, {
        clock,
        logger,
        job,
        run,
        attempt,
        operator,
        subtask,
        parallelism,
        blobs,
        restoredFrom,
        allowRepeatedRows,
        ready: () => environment.ready(),
        fail: (error) => environment.fail(this.#told(error)),
      })
      await this.#writer.open(ctx.restored)
    } catch (error) {
      throw this.#told(error)
    }
  }

  process(records: readonly unknown[]): void {
    try {
      this.#opened().write(records)
    } catch (error) {
      throw this.#told(error)
    }
  }

  isReady(): boolean {
    return this.#opened().isReady()
  }

  capture(checkpoint: CheckpointId): Capture {
    return this.#opened().capture(checkpoint)
  }

  onCheckpointComplete(checkpoint: CheckpointId): void {
    this.#opened().onCheckpointComplete(checkpoint)
  }

  async drain(): Promise<void> {
    await this.#opened().drain()
  }

  async close(): Promise<void> {
    await this.#writer?.close()
  }

  #told(error: unknown): unknown {
    const { operator, where } = this.#ctx
    return toldFailure(error, { kind: 'sink', operator, where })
  }

  #opened(): SinkWriter {
    assert(this.#writer !== undefined, 'a sink is opened before it is used')
    return this.#writer
  }
}
