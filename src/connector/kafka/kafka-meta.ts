/** What Kafka knows of a record besides its value: handed to the user's `record` function. Bytes are copies. */
export interface KafkaMeta {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Milliseconds since 1970: the producer's time, or the broker's where the topic says LogAppendTime. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  /** A name that comes several times has all its values, in order. */
  readonly headers: KafkaHeaders
}

export type KafkaHeaders = Readonly<Record<string, KafkaHeader | readonly KafkaHeader[] | undefined>>

export type KafkaHeader = Uint8Array | null
