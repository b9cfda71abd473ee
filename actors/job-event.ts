import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { Outcome } from '#src/cluster/log-entry.js'
import type { JobStatus } from '#src/graph/job-status.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'

/** What happens to a job, told to everyone who follows it, as it happens. */
export type JobEvent =
  /** `reason` is for people: what it waits for. */
  | {
      readonly type: 'status'
      readonly run: RunId
      readonly status: JobStatus
      readonly reason: string | undefined
    }
  /** An attempt begins: restored from this checkpoint, 0 being the beginning. */
  | { readonly type: 'attempt'; readonly run: RunId; readonly attempt: Attempt; readonly from: CheckpointId }
  /** A failure, and what the restart strategy makes of it. */
  | {
      readonly type: 'failure'
      readonly run: RunId
      readonly error: ErrorInfo
      readonly restartInMs: number | undefined
    }
  | { readonly type: 'checkpoint'; readonly run: RunId; readonly record: CheckpointRecord }
  /** The last event: nothing follows. */
  | {
      readonly type: 'ended'
      readonly run: RunId
      readonly outcome: Outcome
      readonly error: ErrorInfo | undefined
      /** The newest complete checkpoint. */
      readonly checkpoint: CheckpointId | undefined
    }
  | { readonly type: 'metrics'; readonly run: RunId; readonly metrics: JobMetrics }

/** Sums over the subtasks of the current attempt, counts since it began. */
export interface JobMetrics {
  /** Records that sources emitted. */
  readonly recordsIn: number
  /** Bad records that sources passed over by policy. */
  readonly recordsSkipped: number
  /** Records that reached sinks. */
  readonly recordsOut: number
  readonly backpressuredMs: number
  readonly busyMs: number
}
