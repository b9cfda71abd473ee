import type { ErrorInfo } from '../kit/errors.js'
import type { Attempt, CheckpointId, SubtaskId } from '../kit/ids.js'
import type { Manifest } from './manifest.js'

/** How long the parts of one subtask's snapshot took, in milliseconds of its own clock. */
export interface SnapshotTimings {
  /** From the first barrier to the last one. 0 at sources. */
  readonly alignmentMs: number
  /** Fixing what the snapshot holds, between two records. */
  readonly captureMs: number
  /** Encoding, storing, and the database's answers. */
  readonly uploadMs: number
}

/** Why a checkpoint was opened. The final one is recognised by what its snapshots say, whatever opened it. */
export type CheckpointCause = 'periodic' | 'on-demand' | 'final'

/** One checkpoint as people see it: data for the console, REST and the log. */
export interface CheckpointRecord {
  readonly checkpoint: CheckpointId
  readonly attempt: Attempt
  readonly cause: CheckpointCause
  readonly state: 'opening' | 'collecting' | 'deciding' | 'completed' | 'failed'
  /** Milliseconds since 1970, for display. */
  readonly triggeredAt: number
  /** From trigger to decision or failure; to now while it is pending. */
  readonly durationMs: number
  /** Sum of its parts. */
  readonly bytes: number
  readonly acknowledged: number
  readonly subtasks: number
  /** The last to acknowledge, or one that has not yet. */
  readonly slowest:
    | { readonly subtask: SubtaskId; readonly durationMs: number; readonly timings?: SnapshotTimings }
    | undefined
  readonly failure: ErrorInfo | undefined
}

/** Of the final checkpoint, when nobody is left who saw it being taken: what its manifest tells. */
export function finalRecordOf(manifest: Manifest): CheckpointRecord {
  const { checkpoint, attempt, triggeredAt, completedAt, bytes, subtasks } = manifest
  return {
    checkpoint,
    attempt,
    cause: 'final',
    state: 'completed',
    triggeredAt,
    durationMs: completedAt - triggeredAt,
    bytes,
    acknowledged: subtasks.length,
    subtasks: subtasks.length,
    slowest: undefined,
    failure: undefined,
  }
}
