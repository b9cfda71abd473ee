import type { Job } from '../api/job.js'
import type { SinkSpec } from '../connector/sink.js'
import type { ChainNode, JobGraph } from '../graph/job-graph.js'
import { freezing } from './freezing.js'

/**
 * The same job between other ends: its sources read scripts and its sinks write to recorded tables, found by their ids.
 * Names of connectors, guarantees and keys stay, for a restore compares them; so does everything between the ends, but
 * that records are frozen on their way.
 */
export function rewired(job: Job): Job {
  return {
    ...job,
    build: (request) => {
      const graph = job.build(request)
      return {
        ...graph,
        vertices: graph.vertices.map((vertex) => ({ ...vertex, nodes: vertex.nodes.map(rewiredNode) })),
      }
    },
  }
}

/** The ends of a job, by id. */
export interface JobEnds {
  readonly sources: readonly string[]
  readonly sinks: ReadonlyMap<string, Pick<SinkSpec, 'keyFields'>>
}

export function endsOf({ vertices }: JobGraph): JobEnds {
  const nodes = vertices.flatMap((vertex) => vertex.nodes)
  return {
    sources: nodes.flatMap(({ id, operator }) => (operator.kind === 'source' ? [id] : [])),
    sinks: new Map(
      nodes.flatMap(({ id, operator }) => (operator.kind === 'sink' ? [[id, operator.sink] as const] : [])),
    ),
  }
}

function rewiredNode(node: ChainNode): ChainNode {
  const { id, operator } = node
  switch (operator.kind) {
    case 'source': {
      const source = { ...operator.source, options: { source: id }, functions: {} }
      return { ...node, operator: { kind: 'source', source } }
    }
    case 'sink': {
      const sink = { ...operator.sink, options: {}, functions: {} }
      return { ...node, operator: { kind: 'sink', sink } }
    }
    default:
      return { ...node, operator: freezing(operator) }
  }
}
