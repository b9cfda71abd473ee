import type { Attempt, CheckpointId, OperatorId, RunId, VertexIndex } from '../kit/ids.js'
import type { SplitPosition, SubtaskSnapshot } from '../state/snapshot.js'

export const MANIFEST_FORMAT = 1

/**
 * What a checkpoint is: one blob that says which plan it was taken of, what each source coordinator knew and what each
 * subtask stored. Whoever holds it and the parts it names needs nothing else to restore.
 */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT
  readonly run: RunId
  readonly job: string
  readonly checkpoint: CheckpointId
  /** 0: before the first attempt. */
  readonly attempt: Attempt
  readonly fingerprint: string
  readonly vertices: readonly ManifestVertex[]
  readonly sources: readonly SourceState[]
  /** All subtasks of the plan, or none: checkpoint 0 is written before there are any. */
  readonly subtasks: readonly SubtaskSnapshot[]
  /** Milliseconds since 1970, for display. */
  readonly triggeredAt: number
  readonly completedAt: number
  /** Sum of all parts. */
  readonly bytes: number
}

export interface ManifestVertex {
  readonly index: VertexIndex
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly operators: readonly { readonly id: OperatorId; readonly kind: string }[]
}

/** What the coordinator of one source knows: every split it ever handed out, with the position it began at. */
export interface SourceState {
  readonly source: OperatorId
  readonly splits: readonly SplitPosition[]
}
