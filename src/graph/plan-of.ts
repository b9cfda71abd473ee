import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.js'
import type { JobGraph } from './job-graph.js'
import type { JobPlan, OperatorPlan } from './job-plan.js'
import type { StreamNode } from './stream-graph.js'

/**
 * A job graph as plain data, with its fingerprint. Node's side only: what jobs import reaches no `node:` module.
 *
 * The fingerprint leaves out `where`: a bundle has other paths on every node, and with or without source maps.
 */
export function planOf(graph: JobGraph): JobPlan {
  const { name, settings } = graph
  const plan = {
    name,
    vertices: graph.vertices.map(({ nodes, ...vertex }) => ({
      ...vertex,
      operators: nodes.map(operatorPlanOf),
    })),
    edges: graph.edges.map(({ from, to, partitioner }) => ({ from, to, partitioner: partitioner.kind })),
    checkpoint: settings.checkpoint,
    restart: settings.restart,
  }
  const sent = graph.edges.map(({ fromNode }) => fromNode)
  return { ...plan, fingerprint: fingerprintOf({ ...plan, sent }) }
}

function fingerprintOf(plan: object): string {
  return createHash('sha256')
    .update(canonicalJson(plan, new Set(['where'])))
    .digest('hex')
}

function operatorPlanOf({ id, operator, where }: StreamNode): OperatorPlan {
  const { kind } = operator
  if (operator.kind === 'source') {
    const { connector: name, options } = operator.source
    return { id, kind, where, connector: { name, options } }
  }
  if (operator.kind === 'sink') {
    const { connector: name, options, guarantee } = operator.sink
    return { id, kind, where, connector: { name, options, guarantee } }
  }
  if (operator.kind === 'combine') return { id, kind, where, latencyMs: operator.latencyMs }
  return { id, kind, where }
}
