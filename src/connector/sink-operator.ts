import { assert } from '../kit/assert.js'
import { placed } from '../kit/errors.js'
import type { CheckpointId } from '../kit/ids.js'
import type { Operator, OperatorContext } from '../operator/operator.js'
import type { Capture } from '../state/snapshot.js'
import type { SinkConnector } from './registry.js'
import type { SinkContext, SinkSpec, SinkWriter } from './sink.js'

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
  #where: string | undefined

  constructor(connector: SinkConnector, spec: SinkSpec, environment: SinkEnvironment) {
    this.#connector = connector
    this.#spec = spec
    this.#environment = environment
  }

  /** Resolves when what was restored is committed. */
  async open(ctx: OperatorContext): Promise<void> {
    const environment = this.#environment
    const { clock, job, attempt, blobs, restoredFrom, allowRepeatedRows } = environment
    const { logger, run, operator, subtask, parallelism, where } = ctx
    this.#where = where
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
        fail: (error) => environment.fail(placed(error, where)),
      })
      await this.#writer.open(ctx.restored)
    } catch (error) {
      throw placed(error, where)
    }
  }

  process(records: readonly unknown[]): void {
    try {
      this.#opened().write(records)
    } catch (error) {
      throw placed(error, this.#where)
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

  #opened(): SinkWriter {
    assert(this.#writer !== undefined, 'a sink is opened before it is used')
    return this.#writer
  }
}
