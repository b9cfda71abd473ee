import { isCount } from '../../kit/shape.js'
import type { SplitPosition } from '../../state/snapshot.js'
import { fieldsOf, noPosition } from '../kept-position.js'

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

/** Throws RT1210 for a split that is none of `topic`. */
export function kafkaPosition(topic: string, split: SplitPosition): KafkaPosition {
  const { partition, offset, stop } = fieldsOf(split)
  const isKnown = isCount(partition) && isCount(offset) && (stop === null || isCount(stop))
  if (!isKnown || split.split !== splitOf(topic, partition)) throw noPosition(`topic ${topic}`, split)
  return { partition, offset, stop }
}
