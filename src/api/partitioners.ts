import type { PartitionerSpec } from '../channel/partitioner-spec.js'
import type { Key } from '../kit/key.js'
import { guardedKey } from '../operator/user-code.js'
import { callSite } from './call-site.js'

/** How the records of a connection choose a subtask of the receiver. */
export interface Partitioner<in T> {
  /** What the runtime makes of it. */
  readonly spec: PartitionerSpec
  /** Never there: carries the type of the records that it takes. */
  readonly '~takes'?: ((record: T) => void) | undefined
}

/** Subtask i sends to subtask i: both are fused where they may be. */
export const forward: Partitioner<unknown> = { spec: { kind: 'forward' } }
/** To all subtasks in turn. */
export const rebalance: Partitioner<unknown> = { spec: { kind: 'rebalance' } }
/** To neighbouring subtasks in turn. */
export const rescale: Partitioner<unknown> = { spec: { kind: 'rescale' } }
/** Every record to every subtask. */
export const broadcast: Partitioner<unknown> = { spec: { kind: 'broadcast' } }
/** Every record to the first subtask. */
export const global: Partitioner<unknown> = { spec: { kind: 'global' } }

/** Records of one key to one subtask. */
export function hash<T>(keyOf: (record: T) => Key): Partitioner<T> {
  const where = callSite(hash)
  return { spec: { kind: 'hash', keyOf: guardedKey(keyOf, { operator: 'hash', where }) } }
}
