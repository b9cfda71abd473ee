import type { JobSettings } from './job-graph.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/**
 * Which operators run fused, by Flink's rules: the receiver has one input, chaining is on and allowed on both sides,
 * the edge is forward, and both have the same parallelism. (Slot sharing groups there is but one.)
 *
 * For each operator of `graph` the first one of its chain: itself, where it starts one.
 */
export function chainHeads(graph: StreamGraph, settings: JobSettings): readonly number[] {
  const inputs = graph.nodes.map((): StreamEdge[] => [])
  for (const edge of graph.edges) inputs[edge.to]?.push(edge)
  const heads: number[] = []
  const headOf = (index: number): number => {
    const known = heads[index]
    if (known !== undefined) return known
    const [edge, ...more] = inputs[index] ?? []
    const isChained = edge !== undefined && more.length === 0 && mayChain(edge, graph.nodes, settings)
    const head = isChained ? headOf(edge.from) : index
    heads[index] = head
    return head
  }
  for (const { index } of graph.nodes) headOf(index)
  return heads
}

function mayChain(edge: StreamEdge, nodes: readonly StreamNode[], settings: JobSettings): boolean {
  const from = nodes[edge.from]!
  const to = nodes[edge.to]!
  return (
    settings.chaining &&
    edge.partitioner.kind === 'forward' &&
    from.chaining !== 'never' &&
    to.chaining === 'always' &&
    (from.parallelism ?? settings.parallelism) === (to.parallelism ?? settings.parallelism)
  )
}
