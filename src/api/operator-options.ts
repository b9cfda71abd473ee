import type { StreamNode } from '../graph/stream-graph.js'
import type { Duration } from '../kit/duration.js'

export interface OperatorOptions {
  /** Of this operator; the job's unless said. */
  readonly parallelism?: number
  /** 'never' is fused with no neighbour, 'head' not with the one before it. 'always' unless said. */
  readonly chaining?: StreamNode['chaining']
}

/** Of operators that make one of the records of a key. */
export interface AggregationOptions extends OperatorOptions {
  /**
   * Records of a key are combined where they are sent, each sender for itself, and held for at most this time before
   * the one that stands for them goes out. What comes out is one update for each of those, not for each record; at every
   * checkpoint, and in the end, it is the same. Each record is sent by itself unless said.
   */
  readonly combine?: Duration | undefined
}

export interface NamedOperatorOptions extends OperatorOptions {
  /** Its name in plans and logs; `map-3` unless said. */
  readonly id?: string
}
