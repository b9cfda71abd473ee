import type { KafkaFault } from './kafka-fault.js'

/**
 * How this connector talks to Kafka: the few requests that a split reader needs, and nothing of any client's own mind.
 * No call retries by itself, none remembers a position, none joins a group; who calls decides what a failure means
 * (`kafka-fault.ts` tells what it was). Offsets are numbers: exact up to 2^53, which no partition reaches.
 */
export interface KafkaTransport {
  /** Who leads each partition, asked anew. Throws a fault `missing-topic` when the topic is not there. */
  metadata(topic: string): Promise<readonly PartitionLeader[]>
  /** The offset in each partition that `when` means: for a time, the first record at or after it, else the end. */
  listOffsets(
    topic: string,
    partitions: readonly number[],
    when: OffsetQuery,
    isolation: Isolation,
  ): Promise<ReadonlyMap<number, number>>
  /** One request to the broker `node`; answered when there is something, or empty after `maxWaitMs`. */
  fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]>
  /** Commits as a group without members, for others to see. */
  commitGroup(group: string, topic: string, offsets: ReadonlyMap<number, number>, note: string): Promise<void>
  /** The committed offsets; a partition that has none is not in the answer. */
  fetchGroup(
    group: string,
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, number>>
  /** Ends all connections at once; what is under way fails. */
  close(): Promise<void>
}

export type Isolation = 'read-committed' | 'read-uncommitted'

export type OffsetQuery = 'earliest' | 'latest' | { readonly timestamp: number }

export interface PartitionLeader {
  readonly partition: number
  /** The broker's id; undefined while the partition has no leader. */
  readonly leader: number | undefined
}

export interface FetchRequest {
  readonly topic: string
  /** In the order in which the broker fills its answer. */
  readonly partitions: readonly { readonly partition: number; readonly offset: number }[]
  readonly isolation: Isolation
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
}

/** What came back for one partition. `records` is as the broker stores it: `record-set.ts` reads it. */
export interface FetchedPartition {
  readonly partition: number
  /** What the broker said of this partition alone. */
  readonly error: KafkaFault | undefined
  readonly highWatermark: number
  readonly lastStableOffset: number
  /** Transactions that were aborted and have records in this answer. */
  readonly aborted: readonly AbortedTransaction[]
  readonly records: Buffer
}

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}
