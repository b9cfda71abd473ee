import { assert } from '../../kit/assert.js'
import type { SplitPosition } from '../../state/snapshot.js'

/**
 * Where one partition stands, as a checkpoint keeps it: the next offset to read, and the offset at which reading ends,
 * both resolved numbers. A partition is at its end when its offset has reached stop, whether or not a record was there:
 * the last place of a log is often a marker, or compacted away.
 */
export interface KafkaPosition {
  readonly partition: number
  readonly offset: number
  readonly stop: number | null
}

/** The split's id: the topic and the partition. */
export function splitOf(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

export function splitPosition(topic: string, position: KafkaPosition): SplitPosition {
  const { partition, offset, stop } = position
  return {
    split: splitOf(topic, partition),
    owner: partition,
    position: { partition, offset, stop },
    ended: stop !== null && offset >= stop,
  }
}

export function kafkaPosition(topic: string, { split, position }: SplitPosition): KafkaPosition {
  const { partition, offset, stop } = position as KafkaPosition
  const isKnown =
    Number.isSafeInteger(partition) &&
    Number.isSafeInteger(offset) &&
    (stop === null || Number.isSafeInteger(stop))
  assert(isKnown && split === splitOf(topic, partition), 'a split is not one of this source', {
    split,
    position,
  })
  return { partition, offset, stop }
}
