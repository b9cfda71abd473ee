import type { StreamNode } from '../graph/stream-graph.js'
import type { Duration } from '../kit/duration.js'

/** What every operator takes. */
export interface OperatorOptions {
  /** Of this operator; the job's unless said. */
  readonly parallelism?: number
  /** 'never' is fused with no neighbour, 'head' not with the one before it. 'always' unless said. */
  readonly chaining?: StreamNode['chaining']
}

/** Of `sum`, `min`, `max`, `count` and `reduce`. */
export interface AggregationOptions extends OperatorOptions {
  /**
   * How long a sender may hold records, above 0, to combine those of one key and send one that stands for them: the
   * latency that it adds. Then one update comes out for each that was sent, not for each record; totals are the same at
   * every checkpoint. Each record is sent by itself unless said.
   */
  readonly combine?: Duration | undefined
}

/** Of operators that keep nothing, and so need no id. */
export interface NamedOperatorOptions extends OperatorOptions {
  /** Its name in plans and logs; `map-3` unless said. */
  readonly id?: string
}
