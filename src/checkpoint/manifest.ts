import type { ConnectorPlan, JobPlan, OperatorPlan } from '../graph/job-plan.js'
import type { Attempt, CheckpointId, OperatorId, RunId, VertexIndex } from '../kit/ids.js'
import type { SplitPosition, SubtaskSnapshot } from '../state/snapshot.js'

export const MANIFEST_FORMAT = 2

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
  readonly operators: readonly ManifestOperator[]
}

export interface ManifestOperator {
  readonly id: OperatorId
  readonly kind: string
  /** Of sources and sinks: who can read the positions and the staged rows of this checkpoint. */
  readonly connector?: Pick<ConnectorPlan, 'name' | 'guarantee'>
}

/** What the coordinator of one source knows: every split it ever handed out, with the position it began at. */
export interface SourceState {
  readonly source: OperatorId
  readonly splits: readonly SplitPosition[]
}

/** Everything but what a checkpoint collects. */
export interface ManifestHead {
  readonly run: RunId
  readonly plan: JobPlan
  readonly checkpoint: CheckpointId
  readonly attempt: Attempt
  readonly triggeredAt: number
  readonly completedAt: number
}

export function manifestOf(
  { run, plan, checkpoint, attempt, triggeredAt, completedAt }: ManifestHead,
  sources: readonly SourceState[],
  subtasks: readonly SubtaskSnapshot[],
): Manifest {
  return {
    format: MANIFEST_FORMAT,
    run,
    job: plan.name,
    checkpoint,
    attempt,
    fingerprint: plan.fingerprint,
    vertices: plan.vertices.map(({ index, name, parallelism, maxParallelism, operators }) => ({
      index,
      name,
      parallelism,
      maxParallelism,
      operators: operators.map(manifestOperatorOf),
    })),
    sources,
    subtasks,
    triggeredAt,
    completedAt,
    bytes: subtasks.reduce((sum, subtask) => sum + snapshotBytes(subtask), 0),
  }
}

function manifestOperatorOf({ id, kind, connector }: OperatorPlan): ManifestOperator {
  if (connector === undefined) return { id, kind }
  const { name, guarantee } = connector
  return { id, kind, connector: { name, ...(guarantee !== undefined && { guarantee }) } }
}

/** Checkpoint 0: where each split begins, before any attempt has started. */
export function firstManifest(
  run: RunId,
  plan: JobPlan,
  sources: readonly SourceState[],
  at: number,
): Manifest {
  const [checkpoint, attempt] = [0 as CheckpointId, 0 as Attempt]
  return manifestOf({ run, plan, checkpoint, attempt, triggeredAt: at, completedAt: at }, sources, [])
}

/** Bytes of all parts that `snapshot` names. */
export function snapshotBytes({ operators }: SubtaskSnapshot): number {
  let bytes = 0
  for (const { pieces, keyed } of operators) {
    for (const { part } of pieces ?? []) bytes += part.bytes
    for (const { part } of keyed ?? []) bytes += part.bytes
  }
  return bytes
}

/** Whether all that was snapshot had ended: nothing comes after this checkpoint. */
export function isFinal({ subtasks }: Pick<Manifest, 'subtasks'>): boolean {
  return subtasks.length > 0 && subtasks.every(({ ended }) => ended)
}
