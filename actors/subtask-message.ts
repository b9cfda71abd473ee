import type { Asks } from '#src/actor/actor.js'
import type { SnapshotTimings } from '#src/checkpoint/checkpoint-record.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, SubtaskId } from '#src/kit/ids.js'
import type { SplitPosition, SubtaskSnapshot } from '#src/state/snapshot.js'

/**
 * What coordinators and subtasks say to each other. Every one of these is an ask, repeated until answered; attempt and
 * checkpoint id make the second one do nothing. A file of types, so that neither side imports the other's code.
 */
export type SubtaskControlMessage =
  // the checkpoint coordinator
  | TriggerCheckpoint
  | CheckpointComplete
  | CheckpointAborted
  // its source coordinator
  | AssignSplits

/** To source subtasks: record positions, put the barrier out. `aborted` are ids whose barriers may still wait. */
export type TriggerCheckpoint = {
  readonly type: 'trigger'
  readonly checkpoint: CheckpointId
  readonly aborted: readonly CheckpointId[]
} & Asks<'accepted' | 'not-running'>

/** `checkpoint` and all lower ones are decided. May repeat, may be skipped when a higher one comes. */
export type CheckpointComplete = {
  readonly type: 'complete'
  readonly checkpoint: CheckpointId
  /** Every subtask of the job had ended in it: none comes after it. Until then an ended subtask goes on passing barriers. */
  readonly final: boolean
} & Asks<'ok'>

/** `checkpoint` is given up. What was staged for it goes into the next one. */
export type CheckpointAborted = { readonly type: 'abort'; readonly checkpoint: CheckpointId } & Asks<'ok'>

/** Splits that this source subtask reads from now on. Those it has already are ignored. */
export type AssignSplits = { readonly type: 'assign'; readonly splits: readonly SplitPosition[] } & Asks<'ok'>

/** What a subtask tells the checkpoint coordinator. An answer means heard, also when the word came too late. */
export type SubtaskReport = Acknowledged | Declined | BarrierEmitted | SubtaskEnded

/** Its snapshot of `checkpoint` is durable. */
export type Acknowledged = {
  readonly type: 'acknowledged'
  readonly checkpoint: CheckpointId
  readonly subtask: SubtaskId
  readonly attempt: Attempt
  readonly snapshot: SubtaskSnapshot
  readonly timings: SnapshotTimings
} & Asks<'ok'>

/** It could not take, or could not store, its snapshot. */
export type Declined = {
  readonly type: 'declined'
  readonly checkpoint: CheckpointId
  readonly subtask: SubtaskId
  readonly attempt: Attempt
  readonly reason: ErrorInfo
} & Asks<'ok'>

/** A source has recorded its positions and put the barrier into its outbox. */
export type BarrierEmitted = {
  readonly type: 'barrier-emitted'
  readonly checkpoint: CheckpointId
  readonly subtask: SubtaskId
  readonly attempt: Attempt
} & Asks<'ok'>

/** All its inputs have ended and every end hook has run (a source: all its splits are at their end). */
export type SubtaskEnded = {
  readonly type: 'ended'
  readonly subtask: SubtaskId
  readonly attempt: Attempt
} & Asks<'ok'>
