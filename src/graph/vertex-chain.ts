import type { Connectors } from '../connector/registry.js'
import type { Attempt, CheckpointId, RunId, VertexIndex } from '../kit/ids.js'
import type { Chain, ChainContext, Output } from '../operator/chain.js'
import type { BlobReader, BlobWriter } from '../state/snapshot.js'
import type { JobGraph } from './job-graph.js'

/** What the chain of a vertex needs of its subtask: more than a chain does, for sources and sinks. */
export interface VertexContext extends Omit<ChainContext, 'vertex' | 'parallelism' | 'maxParallelism'> {
  readonly attempt: Attempt
  readonly connectors: Connectors
  /** Also where large staged parts are put before a barrier. */
  readonly blobs: BlobWriter & BlobReader
  /** The checkpoint that this attempt starts from, and the run that took it. */
  readonly restoredFrom: { readonly run: RunId; readonly checkpoint: CheckpointId }
  readonly allowRepeatedRows: boolean
  /** One for each edge that leaves the vertex, in the order of `outEdges`. */
  readonly outputs: readonly Output[]
  /** A source has something to poll, or a sink is ready again. */
  ready(): void
  fail(error: unknown): void
  /** A source passed a record over, by policy. */
  skipped(reason: unknown, sample: string): void
}

/** Builds the operators of a vertex, and the chain that runs them. */
export declare function chainOf(graph: JobGraph, vertex: VertexIndex, ctx: VertexContext): Chain
