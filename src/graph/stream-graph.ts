import type { PartitionerSpec } from '../channel/partitioner-spec.js'
import type { SinkSpec } from '../connector/sink.js'
import type { SourceSpec } from '../connector/source.js'
import type { OperatorId } from '../kit/ids.js'
import type { OperatorSpec } from '../operator/operator-spec.js'

/**
 * What the user wrote, as a graph of operators: data, and the user's functions. The fluent API and the explicit
 * topology both end here. It is built by importing the job's module, which connects to nothing.
 */
export interface StreamGraph {
  readonly nodes: readonly StreamNode[]
  readonly edges: readonly StreamEdge[]
}

export interface StreamNode {
  /** Position in `nodes`. */
  readonly index: number
  /** Required and unique for sources, sinks and operators with state; derived (`map-3`) for the others. */
  readonly id: OperatorId
  readonly operator: NodeSpec
  /** Undefined: the job's. */
  readonly parallelism: number | undefined
  /** 'always' may be chained to what is before it; 'never' to nothing on either side; 'head' starts a chain. */
  readonly chaining: 'always' | 'never' | 'head'
  /** `file:line` of the user's call. */
  readonly where: string
}

export interface StreamEdge {
  readonly from: number
  readonly to: number
  readonly partitioner: PartitionerSpec
}

export type NodeSpec =
  | { readonly kind: 'source'; readonly source: SourceSpec }
  | { readonly kind: 'sink'; readonly sink: SinkSpec }
  | OperatorSpec
