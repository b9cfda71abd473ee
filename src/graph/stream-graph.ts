import type { Key } from '../kit/key.js'
import type { OperatorId } from '../kit/ids.js'

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
  readonly operator: OperatorSpec
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

export type PartitionerSpec =
  | { readonly kind: 'forward' | 'rebalance' | 'rescale' | 'broadcast' | 'global' }
  | { readonly kind: 'hash'; readonly keyOf: KeySelector }
  | { readonly kind: 'custom'; readonly choose: (record: unknown, channels: number) => number }

export type KeySelector = (record: unknown) => Key

/** What the runtime makes of a node; `operator/` has one file for each kind. */
export type OperatorSpec =
  | { readonly kind: 'source'; readonly source: SourceSpec }
  | { readonly kind: 'sink'; readonly sink: SinkSpec }
  | { readonly kind: 'map'; readonly map: (record: unknown) => unknown }
  | { readonly kind: 'filter'; readonly keep: (record: unknown) => boolean }
  | { readonly kind: 'flat-map'; readonly expand: (record: unknown) => Iterable<unknown> }
  | { readonly kind: 'sum' | 'min' | 'max'; readonly keyOf: KeySelector; readonly field: string }
  | { readonly kind: 'count'; readonly keyOf: KeySelector }
  | { readonly kind: 'reduce'; readonly keyOf: KeySelector; readonly reduce: (a: unknown, b: unknown) => unknown }
  | { readonly kind: 'process'; readonly keyOf: KeySelector; readonly process: ProcessSpec }

/** A keyed operator of the user's own: value state and processing-time timers. */
export interface ProcessSpec {
  readonly state: Readonly<Record<string, { readonly initial: unknown }>>
  readonly onRecord: (record: unknown, ctx: unknown, emit: (record: unknown) => void) => void
  readonly onTimer?: (timer: { at: number; tag: string | undefined }, ctx: unknown, emit: (record: unknown) => void) => void
}

/** A source as its factory describes it: `options` are data, sent to the job master; functions stay in the bundle. */
export interface SourceSpec {
  readonly connector: string
  readonly options: Readonly<Record<string, unknown>>
  readonly functions: Readonly<Record<string, unknown>>
}

export interface SinkSpec {
  readonly connector: string
  readonly options: Readonly<Record<string, unknown>>
  readonly functions: Readonly<Record<string, unknown>>
  /** What the job's checkpoints must be for this sink. */
  readonly guarantee: 'exactly-once' | 'at-least-once'
  /** Fields of the record that name the row: the sink is then reached by their hash. */
  readonly keyFields: readonly string[] | undefined
}
