import type { StreamNode } from '../graph/stream-graph.js'

export interface OperatorOptions {
  /** Of this operator; the job's unless said. */
  readonly parallelism?: number
  /** 'never' is fused with no neighbour, 'head' not with the one before it. 'always' unless said. */
  readonly chaining?: StreamNode['chaining']
}

export interface NamedOperatorOptions extends OperatorOptions {
  /** Its name in plans and logs; `map-3` unless said. */
  readonly id?: string
}
