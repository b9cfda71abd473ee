import type { KeySelector } from '../kit/key.js'

/** How an edge chooses the channel of a record. 'forward' and 'rescale' are pointwise, the others all-to-all. */
export type PartitionerSpec =
  | { readonly kind: 'forward' | 'rebalance' | 'rescale' | 'broadcast' | 'global' }
  | { readonly kind: 'hash'; readonly keyOf: KeySelector }
  | { readonly kind: 'custom'; readonly choose: (record: unknown, channels: number) => number }
