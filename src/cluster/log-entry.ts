import type { JobStatus } from '../graph/job-status.js'
import type { ErrorInfo } from '../kit/errors.js'
import type { Attempt, CheckpointId, Epoch, NodeId, RunId } from '../kit/ids.js'
import type { Part } from '../state/snapshot.js'

/**
 * One entry of a job's log: what was decided, at which place, by which leadership; and all that a reader needs of the
 * entries before it, so that those may be dropped.
 */
export interface LogEntry {
  /** 1, 2, 3 … */
  readonly place: number
  /** Tells whose entry stands at a place when the answer to its writing was lost. Unique for ever. */
  readonly nonce: string
  /** Nonce of the entry before; undefined at place 1. */
  readonly previous: string | undefined
  readonly event: LogEvent
  readonly after: LogState
}

export type LogEvent =
  | { readonly type: 'submitted'; readonly run: RunId; readonly job: string; readonly origin?: Origin }
  | { readonly type: 'leads'; readonly epoch: Epoch; readonly node: NodeId }
  /** Ids up to `to` belong to this epoch. */
  | { readonly type: 'reserved'; readonly epoch: Epoch; readonly to: CheckpointId }
  | {
      readonly type: 'started'
      readonly epoch: Epoch
      readonly attempt: Attempt
      readonly from: CheckpointId
    }
  | {
      readonly type: 'completed'
      readonly epoch: Epoch
      readonly attempt: Attempt
      readonly checkpoint: CheckpointId
      readonly manifest: Part
    }
  /** Somebody has asked for the end of the run, and is promised it: no attempt starts, and whoever takes over cancels. */
  | { readonly type: 'cancelling'; readonly epoch: Epoch }
  /** No longer retained: their blobs may go. */
  | { readonly type: 'released'; readonly epoch: Epoch; readonly checkpoints: readonly CheckpointId[] }
  | { readonly type: 'ended'; readonly epoch: Epoch; readonly outcome: Outcome; readonly error?: ErrorInfo }

export type Outcome = 'finished' | 'canceled' | 'failed'

/** What a job is whose run has ended so. */
export const STATUS_OF = {
  finished: 'FINISHED',
  canceled: 'CANCELED',
  failed: 'FAILED',
} as const satisfies Readonly<Record<Outcome, JobStatus>>

/** The checkpoint of another run that this run starts from. Its own first checkpoint is a copy, under the same id. */
export interface Origin {
  readonly run: RunId
  readonly checkpoint: CheckpointId
}

/** What holds after an entry. */
export interface LogState {
  readonly run: RunId
  readonly job: string
  readonly origin: Origin | undefined
  /** 0: nobody has led yet. */
  readonly epoch: Epoch
  /** 0: none has started. */
  readonly attempt: Attempt
  /** The checkpoint that `attempt` started from. */
  readonly from: CheckpointId | undefined
  readonly reserved: Reservation | undefined
  /** Complete and not released, oldest first; the last one is what a restart takes. */
  readonly retained: readonly RetainedCheckpoint[]
  /** Its end is promised. Entries of a time before such promises lack it. */
  readonly isCancelling?: true
  readonly ended: { readonly outcome: Outcome; readonly error?: ErrorInfo } | undefined
}

/** No checkpoint has a higher id: the log has reserved, or completed, none above it. */
export function highestId({ reserved, retained }: Pick<LogState, 'reserved' | 'retained'>): CheckpointId {
  return Math.max(reserved?.to ?? 0, retained.at(-1)?.checkpoint ?? 0) as CheckpointId
}

/** Ids `from` to `to`, both inclusive, may be used under `epoch`. */
export interface Reservation {
  readonly epoch: Epoch
  readonly from: CheckpointId
  readonly to: CheckpointId
}

export interface RetainedCheckpoint {
  readonly checkpoint: CheckpointId
  readonly attempt: Attempt
  readonly manifest: Part
}
