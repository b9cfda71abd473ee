import { type Job, job, topology } from '#src/api/index.js'
import { FlowLayer } from './flow-layer.js'
import type { Shape } from './shape.js'
import { ENDS, type Ends, EndsParams } from './shape-ends.js'
import { TopologyLayer } from './topology-layer.js'

/** Where the simulation reaches into user code. */
export interface ShapeHooks {
  /** A function of the operator `id` runs, with a record or a timer: what this throws, the function throws. */
  onRecord(id: string): void
}

/** The job that `shape` describes, written with the public API. */
export function jobOf(shape: Shape, hooks: ShapeHooks): Job {
  const { name, layer, options, readsParams } = shape
  const given = readsParams ? { ...options, params: EndsParams } : options
  const endsOf = (params: unknown) => (readsParams ? (params as Ends) : ENDS)
  return layer === 'flow'
    ? job(name, given, (flow) => new FlowLayer(flow, endsOf(flow.params), hooks).lay(shape.nodes))
    : topology(name, given, (t) => new TopologyLayer(t, endsOf(t.params), hooks).lay(shape.nodes))
}
