import { MANIFEST_FORMAT, type Manifest } from '../checkpoint/manifest.js'
import { restoreOf } from '../checkpoint/restore.js'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import {
  type Attempt,
  type CheckpointId,
  type OperatorId,
  type RunId,
  type SubtaskIndex,
  subtaskId,
  type VertexIndex,
} from '../kit/ids.js'
import { groupRangeOf, subtaskOfGroup } from '../kit/key-group.js'
import type { RestoredOperator } from '../operator/restored-operator.js'
import { type Bytes, lengthOf, wholeOf } from '../state/bytes.js'
import type { BlobName, BlobReader, Part, PartStore, SubtaskSnapshot } from '../state/snapshot.js'

/**
 * What a checkpoint holds of one subtask of an operator. It is plain data: a test may keep it in a file, and restore
 * what an older version of the operator has left.
 */
export interface HarnessSnapshot {
  /** Its id. */
  readonly operator: string
  /** 0 … parallelism - 1 */
  readonly subtask: number
  /** Of the operator when it was taken. */
  readonly parallelism: number
  /** The number of key groups. */
  readonly maxParallelism: number
  /** Those that this subtask has, inclusive. */
  readonly firstGroup: number
  /** Inclusive. */
  readonly lastGroup: number
  /** State and timers of these key groups, as they stand in the store. None if there was nothing. */
  readonly parts: readonly Uint8Array[]
  /** Virtual time, milliseconds since 1970. */
  readonly takenAt: number
}

/** An operator as its checkpoints see it, and which subtask of it this is. */
export interface SubtaskPlace {
  readonly id: OperatorId
  /** `file:line` of the user's call. */
  readonly where: string
  readonly subtask: SubtaskIndex
  readonly parallelism: number
  readonly maxParallelism: number
}

export const VERTEX = 0 as VertexIndex
export const RUN = 'harness' as RunId

/** Keeps the parts of the snapshot of a process operator. */
export class KeptParts implements PartStore {
  readonly parts: Uint8Array[] = []

  async put(name: string, bytes: Bytes): Promise<Part> {
    const part = new Uint8Array(wholeOf(bytes))
    this.parts.push(part)
    return partOf(name as BlobName, part)
  }

  async delete(): Promise<void> {}
}

/**
 * What the subtask at `place` gets back, and where its parts are read: decided as it is decided for a job. Throws
 * RT1205, RT1206 and, where snapshots are not those of one checkpoint or some are missing, RT1801.
 */
export function restorationOf(
  snapshots: readonly HarnessSnapshot[],
  place: SubtaskPlace,
): { readonly restored: readonly RestoredOperator[]; readonly blobs: BlobReader } {
  const [first] = snapshots
  if (first === undefined) return { restored: [], blobs: blobsOf([]) }
  checkAgreement(snapshots, first, place)
  const { id, where, subtask, parallelism, maxParallelism } = place
  const vertex = { index: VERTEX, name: id, parallelism, maxParallelism }
  const plan = { vertices: [{ ...vertex, operators: [{ id, kind: 'process', where }] }] }
  const restoration = restoreOf(manifestOf(snapshots, first), plan)
  checkCoverage(snapshots, first, place)
  return { restored: restoration.get(subtaskId(VERTEX, subtask)) ?? [], blobs: blobsOf(snapshots) }
}

function manifestOf(snapshots: readonly HarnessSnapshot[], first: HarnessSnapshot): Manifest {
  const { operator, parallelism, maxParallelism, takenAt } = first
  const operators = [{ id: operator as OperatorId, kind: 'process' }]
  return {
    format: MANIFEST_FORMAT,
    run: RUN,
    job: 'harness',
    checkpoint: 1 as CheckpointId,
    attempt: 1 as Attempt,
    fingerprint: '',
    vertices: [{ index: VERTEX, name: operator, parallelism, maxParallelism, operators }],
    sources: [],
    subtasks: snapshots.map(subtaskSnapshotOf),
    triggeredAt: takenAt,
    completedAt: takenAt,
    bytes: snapshots.reduce((sum, { parts }) => sum + lengthOf(parts), 0),
  }
}

function subtaskSnapshotOf(snapshot: HarnessSnapshot): SubtaskSnapshot {
  const { firstGroup, lastGroup, parts } = snapshot
  const [operator, subtask] = [snapshot.operator as OperatorId, snapshot.subtask as SubtaskIndex]
  const keyed = parts.map((bytes, index) => ({
    firstGroup,
    lastGroup,
    part: partOf(blobOf(snapshot, index), bytes),
  }))
  return { vertex: VERTEX, subtask, operators: [{ operator, subtask, keyed }], ended: false }
}

function blobsOf(snapshots: readonly HarnessSnapshot[]): BlobReader {
  const bytesOf = new Map(
    snapshots.flatMap((snapshot) =>
      snapshot.parts.map((part, index) => [blobOf(snapshot, index), part] as const),
    ),
  )
  return {
    get: async ({ blob }) => {
      const bytes = bytesOf.get(blob)
      assert(bytes !== undefined, 'only parts of these snapshots are restored', { blob })
      return bytes
    },
  }
}

function blobOf({ subtask, parallelism }: HarnessSnapshot, part: number): BlobName {
  return `part ${part} of the snapshot of subtask ${subtask} of ${parallelism}` as BlobName
}

/** Its hash is left out: no store stands between, and the bytes have sums of their own. */
function partOf(blob: BlobName, bytes: Uint8Array): Part {
  return { blob, offset: 0, bytes: bytes.length, hash: '' }
}

function checkAgreement(
  snapshots: readonly HarnessSnapshot[],
  first: HarnessSnapshot,
  place: SubtaskPlace,
): void {
  const { operator, parallelism, maxParallelism } = first
  for (const other of snapshots) {
    const agrees =
      other.operator === operator &&
      other.parallelism === parallelism &&
      other.maxParallelism === maxParallelism &&
      snapshots.filter(({ subtask }) => subtask === other.subtask).length === 1
    if (!agrees) throw notOneCheckpoint('they are not of different subtasks of one operator', place)
  }
}

/** A checkpoint has all subtasks; of these, those are needed here that had key groups of this one. */
function checkCoverage(
  snapshots: readonly HarnessSnapshot[],
  { parallelism, maxParallelism }: HarnessSnapshot,
  place: SubtaskPlace,
): void {
  const { first, last } = groupRangeOf(place.subtask, place.parallelism, maxParallelism)
  const from = subtaskOfGroup(first, parallelism, maxParallelism)
  const to = subtaskOfGroup(last, parallelism, maxParallelism)
  for (let needed = from; needed <= to; needed++) {
    if (snapshots.some(({ subtask }) => subtask === needed)) continue
    throw notOneCheckpoint(`that of subtask ${needed} of ${parallelism} is missing`, place)
  }
}

function notOneCheckpoint(why: string, { id, subtask, parallelism, where }: SubtaskPlace): RetakeError {
  return new RetakeError('RT1801', {
    what: `subtask ${subtask} of ${parallelism} of ${JSON.stringify(id)} cannot be restored from these snapshots`,
    why,
    fix: 'give restoreFrom the snapshots of all subtasks, taken before any of them went on',
    where,
  })
}
