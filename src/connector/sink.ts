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
  /** Begins: with what sinks of this id had staged and nobody has confirmed, oldest first. */
  open(restored: readonly Piece[]): Promise<void>
  /** Takes a batch. Throws for a record that can never be written. */
  write(records: readonly unknown[]): void
  /** Whether a batch may enter the chain now. */
  isReady(): boolean
  /** Fixes what this checkpoint holds of the sink, at once; encoding and upload follow. */
  capture(checkpoint: CheckpointId): Capture
  /** Every checkpoint up to this one is complete; told at least once, and some never. */
  onCheckpointComplete(checkpoint: CheckpointId): void
  /** Resolves when nothing is unconfirmed. */
  drain(): Promise<void>
  /** Lets go of everything, whatever happened. */
  close(): Promise<void>
}

/** What a sink's writer is given, and what it may call. */
export interface SinkContext {
  /** Time; the only way to it that a simulation can move. */
  readonly clock: Clock
  /** For operators of the cluster. */
  readonly logger: Logger
  /** The job's name. */
  readonly job: string
  /** The run that this subtask belongs to. */
  readonly run: RunId
  /** 1, 2, 3 … in a run: whoever has a lower one must not write any more. */
  readonly attempt: Attempt
  /** The sink's id, as the job says it. */
  readonly operator: OperatorId
  /** The parallel index, 0 … parallelism - 1. */
  readonly subtask: SubtaskIndex
  /** How many subtasks the sink has. */
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
  /** Ends the attempt, for what happens outside of a call. */
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
