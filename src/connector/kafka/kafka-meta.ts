/** What Kafka knows of a record besides its value: handed to the user's `record` function. Bytes are copies. */
export interface KafkaMeta {
  /** The topic it was read from. */
  readonly topic: string
  /** 0, 1, 2 … */
  readonly partition: number
  /** Its place in the partition. */
  readonly offset: bigint
  /** Milliseconds since 1970: the producer's time, or the broker's where the topic says LogAppendTime. */
  readonly timestamp: number
  /** The bytes of its key; null where it has none. */
  readonly key: Uint8Array | null
  /** A name that comes several times has all its values, in order. */
  readonly headers: KafkaHeaders
}

export type KafkaHeaders = Readonly<Record<string, KafkaHeader | readonly KafkaHeader[] | undefined>>

export type KafkaHeader = Uint8Array | null
