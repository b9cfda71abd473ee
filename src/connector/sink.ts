import type { Clock } from '../kit/clock.js'
import type { Attempt, CheckpointId, OperatorId, RunId, SubtaskIndex } from '../kit/ids.js'
import type { Logger } from '../kit/logger.js'
import type { BlobReader, BlobWriter, Capture, Piece } from '../state/snapshot.js'

/**
 * The edge where records go out; lives in the sink's subtask. Order of calls:
 *
 *     open                 once; resolves when the fence is raised and what was restored is in the database.
 *                          The subtask is not RUNNING before.
 *     write                any number of times; a batch enters the chain only while isReady(), and all that becomes of
 *                          it is written, if the sink turns unready meanwhile too
 *     capture              at each barrier; its upload resolves when this sink may acknowledge: write-through rows are
 *                          answered, or staged rows are in the snapshot
 *     onCheckpointComplete commits what was staged up to that checkpoint, in the background
 *     drain                after the last checkpoint: resolves when nothing is unconfirmed
 *     close                once and last, whatever happened; gives up what is under way
 *
 * Background failures go to `ctx.fail`. Nothing blocks: a sink that has enough is not ready until it calls `ctx.ready()`.
 */
export interface SinkWriter {
  open(restored: readonly Piece[]): Promise<void>
  write(records: readonly unknown[]): void
  isReady(): boolean
  capture(checkpoint: CheckpointId): Capture
  onCheckpointComplete(checkpoint: CheckpointId): void
  drain(): Promise<void>
  close(): Promise<void>
}

export interface SinkContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly job: string
  readonly run: RunId
  readonly attempt: Attempt
  readonly operator: OperatorId
  readonly subtask: SubtaskIndex
  readonly parallelism: number
  /** Parts too large to stay in memory before a barrier; and those restored. */
  readonly blobs: BlobWriter & BlobReader
  /**
   * The checkpoint that this attempt starts from, and the run that took it; undefined when it starts from nothing. A
   * sink that keeps a ledger compares it, and fences that run if it is another.
   */
  readonly restoredFrom?: { readonly run: RunId; readonly checkpoint: CheckpointId } | undefined
  /** The user allows that rows are repeated (`--from-checkpoint` of an older checkpoint with `--allow-repeated-rows`). */
  readonly allowRepeatedRows: boolean
  /** The sink has become ready. */
  ready(): void
  fail(error: unknown): void
}

/** A sink as its factory describes it. */
export interface SinkSpec {
  readonly connector: string
  readonly options: Readonly<Record<string, unknown>>
  readonly functions: Readonly<Record<string, unknown>>
  /** What the job's checkpoints must be for this sink. */
  readonly guarantee: 'exactly-once' | 'at-least-once'
  /** Fields of the record that name the row: the sink is then reached by their hash. */
  readonly keyFields: readonly string[] | undefined
}
