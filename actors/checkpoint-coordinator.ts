import type { ActorRef, Asks } from '#src/actor/actor.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { LogEntry, LogEvent, RetainedCheckpoint } from '#src/cluster/log-entry.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, OperatorId, SubtaskId } from '#src/kit/ids.js'
import type { SourceCoordinatorMessage } from './source-coordinator.js'
import type { SubtaskControlMessage, SubtaskReport } from './subtask-message.js'

/** What the coordinator hears, and from whom. */
export type CheckpointCoordinatorMessage =
  // the job master
  /** Before anything is deployed: whose words count from now on. What belongs to an earlier attempt is given up. */
  | {
      readonly type: 'attempt-started'
      readonly attempt: Attempt
      readonly subtasks: readonly CheckpointedSubtask[]
      readonly retained: readonly RetainedCheckpoint[]
    }
  /** All its subtasks run: checkpoints may open. */
  | { readonly type: 'attempt-running'; readonly attempt: Attempt }
  | { readonly type: 'attempt-ended'; readonly attempt: Attempt }
  /** A checkpoint now, whatever the interval says. Answered when it is complete, or has failed. */
  | ({ readonly type: 'checkpoint-now' } & Asks<CheckpointRecord>)
  /** The newest ones, newest first. */
  | ({ readonly type: 'describe' } & Asks<readonly CheckpointRecord[]>)
  // subtasks
  | SubtaskReport

export interface CheckpointedSubtask {
  readonly id: SubtaskId
  readonly ref: ActorRef<SubtaskControlMessage>
  /** Set on subtasks whose chain begins with a source. */
  readonly source: OperatorId | undefined
}

/** What the coordinator asks of and tells the job master, who alone appends to the log. */
export type CheckpointCoordinatorReport =
  /** Events 'reserved', 'completed' and 'released'. Repeated until answered: one that is in the log already is 'logged'. */
  | ({ readonly type: 'append'; readonly event: CheckpointEvent } & Asks<AppendAnswer>)
  /** Everything that was to be snapshot had ended: the job is FINISHED once the sinks have confirmed. */
  | {
      readonly type: 'final-checkpoint-complete'
      readonly attempt: Attempt
      readonly checkpoint: CheckpointId
    }
  /** More checkpoints failed in a row than the job tolerates. */
  | { readonly type: 'checkpoints-failed'; readonly attempt: Attempt; readonly error: ErrorInfo }
  /** For display, at each change of state. */
  | { readonly type: 'checkpoint-changed'; readonly record: CheckpointRecord }

/** Without the epoch: that is the job master's to say. */
export type CheckpointEvent = WithoutEpoch<Extract<LogEvent, { type: 'reserved' | 'completed' | 'released' }>>
type WithoutEpoch<E> = E extends unknown ? Omit<E, 'epoch'> : never

export type AppendAnswer =
  | { readonly kind: 'logged'; readonly entry: LogEntry }
  | { readonly kind: 'refused'; readonly reason: string }

export type SourceCoordinators = ReadonlyMap<OperatorId, ActorRef<SourceCoordinatorMessage>>
