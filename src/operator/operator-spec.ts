import type { KeySelector } from '../kit/key.js'

/** An operator between source and sink, as the user described it; `operator/` has one file for each kind. */
export type OperatorSpec =
  | { readonly kind: 'map'; readonly map: (record: unknown) => unknown }
  | { readonly kind: 'filter'; readonly keep: (record: unknown) => boolean }
  | { readonly kind: 'flat-map'; readonly expand: (record: unknown) => Iterable<unknown> }
  | CombineSpec
  | AggregationSpec
  | { readonly kind: 'process'; readonly keyOf: KeySelector; readonly process: ProcessSpec }

/** Makes one of the records that a key has had, and sends it out with each further one. */
export type AggregationSpec =
  | { readonly kind: 'sum' | 'min' | 'max'; readonly keyOf: KeySelector; readonly field: string }
  | {
      readonly kind: 'count'
      readonly keyOf: KeySelector
      /** Records are counts of combiners. */
      readonly isOfCounts?: boolean
    }
  | {
      readonly kind: 'reduce'
      readonly keyOf: KeySelector
      readonly reduce: (a: unknown, b: unknown) => unknown
    }

/** Does the work of an aggregation ahead of it, where records are sent. */
export interface CombineSpec {
  readonly kind: 'combine'
  readonly of: AggregationSpec
  /** So long a record is held at most. */
  readonly latencyMs: number
}

/** A keyed operator of the user's own: value state and processing-time timers. */
export interface ProcessSpec {
  readonly state: Readonly<Record<string, { readonly initial: unknown }>>
  readonly onRecord: (record: unknown, ctx: unknown, emit: (record: unknown) => void) => void
  readonly onTimer?: (
    timer: { at: number; tag: string | undefined },
    ctx: unknown,
    emit: (record: unknown) => void,
  ) => void
}
