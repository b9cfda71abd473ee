import type { Connectors } from '../connector/registry.js'
import { SinkOperator } from '../connector/sink-operator.js'
import { SourceOperator } from '../connector/source-operator.js'
import { assert } from '../kit/assert.js'
import type { Attempt, CheckpointId, RunId, VertexIndex } from '../kit/ids.js'
import { Chain, type ChainContext, type Link, type Output } from '../operator/chain.js'
import type { Operator } from '../operator/operator.js'
import { isKeyed, operatorOf } from '../operator/operator-of.js'
import type { BlobReader, BlobWriter } from '../state/snapshot.js'
import { type JobGraph, outEdges } from './job-graph.js'
import type { NodeSpec } from './stream-graph.js'

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
export function chainOf(graph: JobGraph, vertex: VertexIndex, ctx: VertexContext): Chain {
  const found = graph.vertices[vertex]
  assert(found !== undefined, 'a vertex is one of its graph', { vertex })
  const { nodes, parallelism, maxParallelism } = found
  const edges = outEdges(graph, vertex)
  assert(ctx.outputs.length === edges.length, 'each edge that leaves a vertex has an output', {
    edges: edges.length,
    outputs: ctx.outputs.length,
  })
  const links = nodes.map(
    ({ id, where, operator, fedBy }, position): Link => ({
      id,
      where,
      operator: operatorFor(operator, graph.name, ctx),
      isKeyed: operator.kind !== 'source' && operator.kind !== 'sink' && isKeyed(operator),
      fedBy,
      outputs: ctx.outputs.filter((_, edge) => edges[edge]?.fromNode === position),
    }),
  )
  return new Chain(links, { ...ctx, vertex, parallelism, maxParallelism })
}

function operatorFor(spec: NodeSpec, job: string, ctx: VertexContext): Operator {
  switch (spec.kind) {
    case 'source':
      return new SourceOperator(ctx.connectors.source(spec.source.connector), spec.source, ctx)
    case 'sink':
      return new SinkOperator(ctx.connectors.sink(spec.sink.connector), spec.sink, { ...ctx, job })
    default:
      return operatorOf(spec)
  }
}
