import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { hashOf } from '#src/checkpoint/part-bytes.js'
import type { CheckpointOptions, ConnectorPlan, JobPlan, VertexPlan } from '#src/graph/job-plan.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, OperatorId, RunId, SubtaskIndex, VertexIndex } from '#src/kit/ids.js'
import type {
  BlobName,
  OperatorSnapshot,
  Part,
  Piece,
  SplitPosition,
  SubtaskSnapshot,
} from '#src/state/snapshot.js'

export const run = 'run1' as RunId
export const attempt = (n: number) => n as Attempt
export const checkpoint = (n: number) => n as CheckpointId
export const operatorId = (id: string) => id as OperatorId

export const POLICY: CheckpointOptions = {
  mode: 'exactly-once',
  intervalMs: 10_000,
  timeoutMs: 60_000,
  minPauseMs: 0,
  maxConcurrent: 1,
  tolerableFailures: 0,
  retained: 3,
}

export function vertex(
  index: number,
  operators: readonly { id: string; kind: string; connector?: ConnectorPlan }[],
  parallelism = 2,
  maxParallelism = 128,
): VertexPlan {
  return {
    index: index as VertexIndex,
    name: operators.map(({ id }) => id).join(' → '),
    parallelism,
    maxParallelism,
    operators: operators.map((operator) => ({
      ...operator,
      id: operatorId(operator.id),
      where: `job.ts:${index + 1}`,
    })),
  }
}

export function plan(vertices: readonly VertexPlan[], policy: Partial<CheckpointOptions> = {}): JobPlan {
  return {
    name: 'click-count',
    vertices,
    edges: [],
    checkpoint: { ...POLICY, ...policy },
    restart: { type: 'none' },
    fingerprint: 'f'.repeat(64),
  }
}

/** source → map, sum → sink: two vertices. */
export function clickCount(parallelism = 2, policy: Partial<CheckpointOptions> = {}): JobPlan {
  const source = [
    { id: 'clicks', kind: 'source' },
    { id: 'map-1', kind: 'map' },
  ]
  const sink = [
    { id: 'count', kind: 'sum' },
    { id: 'table', kind: 'sink' },
  ]
  return plan([vertex(0, source, parallelism), vertex(1, sink, parallelism)], policy)
}

export function part(blob: string, bytes = 3): Part {
  return { blob: blob as BlobName, offset: 0, bytes, hash: 'a'.repeat(64) }
}

export function split(owner: number, position: unknown = 0): SplitPosition {
  return { split: `clicks-${owner}`, owner, position }
}

export function piece(
  owner: number,
  id: number,
  number = 0,
  blob = `run1/1/${id}/piece-${owner}-${number}`,
): Piece {
  return { owner, run, checkpoint: checkpoint(id), number, part: part(blob) }
}

export function snapshot(
  vertexIndex: number,
  subtask: number,
  operators: readonly (Omit<OperatorSnapshot, 'operator' | 'subtask'> & { operator: string })[] = [],
  ended = false,
): SubtaskSnapshot {
  return {
    vertex: vertexIndex as VertexIndex,
    subtask: subtask as SubtaskIndex,
    operators: operators.map((one) => ({
      ...one,
      operator: operatorId(one.operator),
      subtask: subtask as SubtaskIndex,
    })),
    ended,
  }
}

/** Blobs in memory; can be told to fail, or to hold its answers back. */
export class MemoryBlobs implements BlobStore {
  readonly blobs = new Map<BlobName, Uint8Array>()
  failure: Error | undefined
  #held: (() => void)[] | undefined

  /** From now on puts are not answered, until `release`. */
  hold(): void {
    this.#held = []
  }

  release(): void {
    for (const go of this.#held?.splice(0) ?? []) go()
    this.#held = undefined
  }

  async put(name: BlobName, bytes: Uint8Array): Promise<Part> {
    if (this.failure !== undefined) throw this.failure
    if (this.#held !== undefined) await new Promise<void>((go) => this.#held?.push(go))
    this.blobs.set(name, bytes)
    return { blob: name, offset: 0, bytes: bytes.length, hash: hashOf(bytes) }
  }

  async get({ blob, offset, bytes }: Part): Promise<Uint8Array> {
    const found = this.blobs.get(blob)
    if (found === undefined) throw new RetakeError('RT1203', { what: blob, why: 'not there', fix: '' })
    return found.subarray(offset, offset + bytes)
  }

  async delete(names: Iterable<BlobName>): Promise<void> {
    for (const name of names) this.blobs.delete(name)
  }

  async list(prefix: string): Promise<readonly BlobName[]> {
    return [...this.blobs.keys()].filter((name) => name.startsWith(`${prefix}/`))
  }
}
