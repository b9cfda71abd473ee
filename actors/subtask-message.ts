import type { Asks } from '#src/actor/actor.js'
import type { SnapshotTimings } from '#src/checkpoint/checkpoint-record.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, Epoch, SubtaskId } from '#src/kit/ids.js'
import type { SplitPosition, SubtaskSnapshot } from '#src/state/snapshot.js'
import type { Direction } from './direction.js'

/**
 * What whoever directs a job and its subtasks say to each other. Every one of these is an ask, repeated until answered;
 * attempt and checkpoint id make the second one do nothing, the epoch one that comes from a leader that was replaced. A
 * file of types, so that neither side imports the other's code.
 */
export type SubtaskControlMessage =
  // the checkpoint coordinator
  | TriggerCheckpoint
  | CheckpointComplete
  | CheckpointAborted
  // its source coordinator
  | AssignSplits
  // its slot
  | AdoptSubtask

/** To source subtasks: record positions, put the barrier out. `aborted` are ids whose barriers may still wait. */
export type TriggerCheckpoint = {
  readonly type: 'trigger'
  readonly epoch: Epoch
  readonly checkpoint: CheckpointId
  readonly aborted: readonly CheckpointId[]
} & Asks<'accepted' | 'not-running'>

/** `checkpoint` and all lower ones are decided. May repeat, may be skipped when a higher one comes. */
export type CheckpointComplete = {
  readonly type: 'complete'
  readonly epoch: Epoch
  readonly checkpoint: CheckpointId
  /** Every subtask of the job had ended in it: none comes after it. Until then an ended subtask goes on passing barriers. */
  readonly final: boolean
} & Asks<'ok'>

/** `checkpoint` is given up. What was staged for it goes into the next one. */
export type CheckpointAborted = {
  readonly type: 'abort'
  readonly epoch: Epoch
  readonly checkpoint: CheckpointId
} & Asks<'ok'>

/** Splits that this source subtask reads from now on. Those it has already are ignored. */
export type AssignSplits = {
  readonly type: 'assign'
  readonly epoch: Epoch
  readonly splits: readonly SplitPosition[]
} & Asks<'ok'>

/**
 * Another directs the job from now on, and the subtask goes on. Checkpoints up to `settled` are complete or given up:
 * whatever is under way for them ends.
 */
export type AdoptSubtask = {
  readonly type: 'adopt'
  readonly direction: Direction
  readonly settled: CheckpointId
} & Asks<SubtaskStanding>

/** How it stands with a subtask that was adopted: all that whoever directed it before was told, or would have been. */
export type SubtaskStanding =
  | {
      readonly subtask: SubtaskId
      readonly state: 'INITIALIZING' | 'RUNNING' | 'FINISHED'
      /** All its inputs have ended, and its end hooks have run. */
      readonly ended: boolean
      /** It knows that the final checkpoint is complete. */
      readonly final: boolean
      /** Of a source: all that it reads, from where it stands. */
      readonly splits: readonly SplitPosition[]
    }
  | { readonly subtask: SubtaskId; readonly state: 'FAILED'; readonly error: ErrorInfo }

/** What a subtask tells the checkpoint coordinator that it knows. An answer means heard, also when the word came too late. */
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
