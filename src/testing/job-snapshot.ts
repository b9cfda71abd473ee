import { decodeManifest } from '../checkpoint/manifest-codec.js'
import { JobHistory } from '../cluster/job-history.js'
import type { LogState } from '../cluster/log-entry.js'
import type { CheckpointId, RunId } from '../kit/ids.js'
import type { Piece } from '../state/snapshot.js'
import type { MemoryState, StateContents } from './memory-state.js'
import type { TableContents } from './recorded-table.js'

/**
 * What a job has left when it was stopped: its newest complete checkpoint, and what its sinks have written. It is plain
 * data, and a value: several tests may go on from one, and none sees what another does.
 */
export interface JobSnapshot {
  /** The job's name: a new version has the same. */
  readonly job: string
  /** The run that has left it. */
  readonly run: string
  /** 0: none was taken, and the sources begin where they began. */
  readonly checkpoint: number
  /** Virtual time, milliseconds since 1970. */
  readonly takenAt: number
  /** All that the cluster kept. */
  readonly state: StateContents
  /** By the ids of the sinks. */
  readonly tables: Readonly<Record<string, TableContents>>
}

/** The newest checkpoint that the log of `run` holds; undefined while there is none. */
export function newestCheckpoint(state: MemoryState, run: RunId): CheckpointId | undefined {
  return logStateOf(state, run).retained.at(-1)?.checkpoint
}

export function newestAttempt(state: MemoryState, run: RunId): number {
  return logStateOf(state, run).attempt
}

export function newestEpoch(state: MemoryState, run: RunId): number {
  return logStateOf(state, run).epoch
}

/** What the sinks had staged at the newest checkpoint and had not confirmed yet. */
export function stagedPieces(
  state: MemoryState,
  run: RunId,
): readonly { readonly sink: string; readonly piece: Piece }[] {
  const newest = logStateOf(state, run).retained.at(-1)
  if (newest === undefined) return []
  const { subtasks } = decodeManifest(state.blobs.get(newest.manifest), newest.manifest.blob)
  return subtasks.flatMap(({ operators }) =>
    operators.flatMap(({ operator: sink, pieces = [] }) => pieces.map((piece) => ({ sink, piece }))),
  )
}

function logStateOf(state: MemoryState, run: RunId): LogState {
  return JobHistory.of(state.log(run).read()).state
}
