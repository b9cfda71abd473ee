import type { CheckpointId, OperatorId, RunId, SubtaskIndex } from '../kit/ids.js'
import type { Key } from '../kit/key.js'
import type { Logger } from '../kit/logger.js'
import type { KeyedStateBackend } from '../state/keyed-state.js'
import type { Capture, Piece, SplitPosition } from '../state/snapshot.js'

/**
 * The contract between an operator and the chain that runs it. Calls come in this order, one at a time:
 *
 *     open            once, before anything else; restored state is there
 *     process         any number of times; may emit
 *     onTimer         when one of its processing-time timers is due; may emit
 *     onDue           when the time has come that `dueAt` told; may emit
 *     beforeBarrier   at each barrier, between two calls of process, when those before it in the chain have had it; may emit
 *     capture         then, when all have emitted; may not emit
 *     finish          at most once in a run, when all inputs have ended; may emit; a snapshot says that it has run
 *     close           once, whatever happened, and last; may not emit
 *
 * An operator never keeps `records`, never emits what it keeps, and never awaits. What it holds back, to emit it later,
 * and is in no snapshot, it emits before the barrier. Two kinds of operators stand at the edges and do what no other
 * does: sources have `poll`, `addSplits` and `positions`; sinks have `isReady` and `drain`; both may take their time to
 * open and to close.
 */
export interface Operator {
  open(ctx: OperatorContext): void | Promise<void>
  /** One batch. Emits with `ctx.emit`; the chain passes a full batch on by itself. */
  process(records: readonly unknown[]): void
  /** The timer's key is the current one of the keyed state. */
  onTimer?(key: Key, at: number, tag: string | undefined): void
  /** When what it holds back is due, in the time of `ctx.now()`; undefined while it holds nothing. Ends with the input. */
  dueAt?(): number | undefined
  onDue?(): void
  /** A barrier is about to pass: what is emitted here goes ahead of it. */
  beforeBarrier?(): void
  finish?(): void
  /** What this operator adds to a snapshot beyond the keyed state that it registered (which the chain takes by itself). */
  capture?(checkpoint: CheckpointId): Capture
  /** `checkpoint` and all lower ones are complete. May come twice, may be skipped if a higher one comes. */
  onCheckpointComplete?(checkpoint: CheckpointId): void
  close?(): void | Promise<void>

  /** Sources: takes splits, emits about a batch, and says where its splits stand. */
  addSplits?(splits: readonly SplitPosition[]): void
  poll?(): 'more' | 'idle' | 'end'
  positions?(): readonly SplitPosition[]

  /** Sinks: whether more may be written, and when nothing is unconfirmed. */
  isReady?(): boolean
  drain?(): Promise<void>
}

export interface OperatorContext {
  readonly run: RunId
  readonly operator: OperatorId
  /** `file:line` of the user's call. */
  readonly where: string
  readonly subtask: SubtaskIndex
  readonly parallelism: number
  readonly maxParallelism: number
  readonly logger: Logger
  /** To the next operator of the chain, or into the outbox. */
  emit(record: unknown): void
  /** Pieces that earlier snapshots of this operator left, those whose `owner mod parallelism` is this subtask. */
  readonly restored: readonly Piece[]
  /** Keyed state and timers of this operator, restored. Only on operators behind a keyBy. */
  readonly keyed: KeyedStateBackend
  /** Monotonic milliseconds, for how long something takes. */
  now(): number
  /** Milliseconds since 1970, for what users asked of the wall clock. */
  wallTime(): number
}
