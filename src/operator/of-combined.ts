import type { Key, KeySelector } from '../kit/key.js'
import type { AggregationSpec } from './operator-spec.js'

/** How many records a key has had, or some of them. */
export interface KeyCount {
  readonly key: Key
  count: number
}

const keyOfCount: KeySelector = (counted) => (counted as KeyCount).key

/** The aggregation `spec` as it stands behind combiners: what they send is like what they take, but for counts. */
export function ofCombined(spec: AggregationSpec): AggregationSpec {
  return spec.kind === 'count' ? { kind: 'count', keyOf: keyOfCount, isOfCounts: true } : spec
}
