import type { SinkConnector } from '#src/connector/registry.js'
import type { SinkContext, SinkSpec, SinkWriter } from '#src/connector/sink.js'
import { type Clock, systemClock } from '#src/kit/clock.js'
import type { Attempt, CheckpointId, OperatorId, RunId, SubtaskIndex } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import type { Piece } from '#src/state/snapshot.js'
import { HeldBlobs } from './held-blobs.js'

/** What a staged sink is started with; the rest is as in a run's first attempt with one subtask. */
export interface StageOptions {
  readonly run?: string
  readonly attempt?: number
  readonly operator?: string
  readonly subtask?: number
  readonly parallelism?: number
  readonly blobs?: HeldBlobs
  readonly clock?: Clock
  readonly restoredFrom?: { run: string; checkpoint: number }
  readonly allowRepeatedRows?: boolean
}

/** A sink's writer with a subtask around it that remembers what the writer tells: for tests of one sink alone. */
export class StagedSink {
  readonly blobs: HeldBlobs
  readonly writer: SinkWriter
  readonly failures: unknown[] = []
  readyCalls = 0
  readonly #failed: Promise<unknown>
  #tellFailure: (error: unknown) => void = () => {}

  constructor(connector: SinkConnector, spec: SinkSpec, options: StageOptions = {}) {
    this.blobs = options.blobs ?? new HeldBlobs()
    this.#failed = new Promise((resolve) => {
      this.#tellFailure = resolve
    })
    this.writer = connector.writer(spec, this.#context(options))
  }

  /** The first thing that the writer reported with `ctx.fail`. */
  failed(): Promise<unknown> {
    return this.#failed
  }

  /** Takes a whole checkpoint, short of its decision: what it has for the manifest. */
  async checkpoint(id: number): Promise<readonly Piece[]> {
    const capture = this.writer.capture(id as CheckpointId)
    while (!capture.slice()) {
      // the next millisecond's work
    }
    return (await capture.upload(this.blobs)).pieces ?? []
  }

  complete(id: number): void {
    this.writer.onCheckpointComplete(id as CheckpointId)
  }

  /** Writes `records`, takes checkpoint `id`, decides it and waits until the outside has confirmed it. */
  async commit(id: number, records: readonly unknown[]): Promise<readonly Piece[]> {
    this.writer.write(records)
    const pieces = await this.checkpoint(id)
    this.complete(id)
    await this.writer.drain()
    return pieces
  }

  #context(options: StageOptions): SinkContext {
    const { restoredFrom } = options
    return {
      clock: options.clock ?? systemClock,
      logger: silentLogger,
      job: 'test',
      run: (options.run ?? 'run1') as RunId,
      attempt: (options.attempt ?? 1) as Attempt,
      operator: (options.operator ?? 'sink') as OperatorId,
      subtask: (options.subtask ?? 0) as SubtaskIndex,
      parallelism: options.parallelism ?? 1,
      blobs: this.blobs,
      restoredFrom:
        restoredFrom === undefined
          ? undefined
          : { run: restoredFrom.run as RunId, checkpoint: restoredFrom.checkpoint as CheckpointId },
      allowRepeatedRows: options.allowRepeatedRows ?? false,
      ready: () => {
        this.readyCalls++
      },
      fail: (error) => {
        this.failures.push(error)
        this.#tellFailure(error)
      },
    }
  }
}
