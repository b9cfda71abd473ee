import type { KafkaMeta } from '../connector/kafka/kafka-meta.js'
import type { SecretReference } from '../connector/secret.js'
import type { Duration } from '../kit/duration.js'
import type { Source, Text } from './ends.js'
import { plainData, requiredText, requiredTexts } from './required.js'
import type { OutputOf, StandardSchema } from './standard-schema.js'

export type { KafkaMeta }

/** Bytes of a record's value, and what becomes of them before `schema` and `record` see them. */
export type KafkaFormat = 'json' | 'string' | 'bytes'

/** What a value is before `record` maps it. */
export type KafkaValue<Schema, Format extends KafkaFormat> = [Schema] extends [never]
  ? { readonly json: unknown; readonly string: string; readonly bytes: Uint8Array }[Format]
  : OutputOf<Schema>

/** 'group': where the consumer group `group` stands; a time: its first record or the first one after it. */
export type KafkaStart = 'earliest' | 'latest' | 'group' | { readonly timestamp: number | Date }

/** 'latest': the end of each partition when the run starts; a time: what is older. */
export type KafkaStop = 'latest' | { readonly timestamp: number | Date }

/** How to log in. */
export interface KafkaSasl {
  /** With 'plain' the password itself crosses the network: only under TLS. */
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  /** A text, or better a secret: whatever the job holds is in its plan. */
  readonly username: string | SecretReference
  /** A text, or better a secret: whatever the job holds is in its plan. */
  readonly password: string | SecretReference
}

/** PEM texts, not paths. A key is a secret of the nodes. */
export interface KafkaTls {
  /** Who signed the certificates of the brokers; the authorities that Node trusts unless said. */
  readonly ca?: string | SecretReference
  /** What we show to brokers that want a certificate, and its key. */
  readonly cert?: string | SecretReference
  /** The key of `cert`. */
  readonly key?: string | SecretReference
  /** Of the key, where it is encrypted. */
  readonly passphrase?: string | SecretReference
  /** The name that the certificates of all brokers hold; the one in each address unless said. */
  readonly servername?: string
  /** False: whoever answers is believed, so nothing is proven, and all can be read on the way. True unless said. */
  readonly rejectUnauthorized?: boolean
}

/** How much is asked of a broker at once. */
export interface KafkaFetch {
  /** A fetch waits this long at the broker for `minBytes`; 500 unless said. */
  readonly maxWaitMs?: number
  /** A broker answers at once when it has so much; 1 unless said. */
  readonly minBytes?: number
  /** Of one answer; 4 MB unless said. Two of each broker are held. */
  readonly maxBytes?: number
  /** Of one partition in one answer; 1 MB unless said. */
  readonly maxPartitionBytes?: number
}

/** What `kafka.source` takes. */
export interface KafkaSourceOptions<Schema extends StandardSchema, Format extends KafkaFormat, Record> {
  /** `host:port`, several of them as an array or separated by commas. */
  readonly brokers: Text | readonly string[]
  /** One topic, that is there. */
  readonly topic: Text
  /** 'json' unless said. */
  readonly format?: Format
  /** Validates the value. A record that it refuses follows `onBadRecord`. */
  readonly schema?: Schema
  /** Makes the record of a value and what Kafka knows of it. */
  readonly record?: (value: NoInfer<KafkaValue<Schema, Format>>, meta: KafkaMeta) => Record
  /** 'earliest' unless said. Partitions that appear later are always read from their beginning. */
  readonly start?: KafkaStart
  /** Never, unless said. */
  readonly stop?: KafkaStop
  /** True: `stop: 'latest'`. */
  readonly bounded?: boolean
  /** Group whose offsets `start: 'group'` reads, and to which they are committed after each checkpoint for others to see. */
  readonly group?: string
  /** New partitions are looked for this often; 5 minutes unless said, never when bounded. */
  readonly discover?: Duration | false
  /** 'read-committed' unless said. */
  readonly isolation?: 'read-committed' | 'read-uncommitted'
  /** A record that cannot be decoded fails the job (unless said), or is counted and skipped. */
  readonly onBadRecord?: 'fail' | 'skip'
  /** How brokers see us in their logs and quotas; 'retake' unless said. */
  readonly clientId?: string
  /** No login unless said. */
  readonly sasl?: KafkaSasl
  /** True: TLS, and the brokers' certificates are signed by an authority that Node trusts. */
  readonly tls?: boolean | KafkaTls
  /** As the defaults there unless said. */
  readonly fetch?: KafkaFetch
}

/**
 * A Kafka topic, each partition of it a split. The record is the value as `format` reads it and `schema` validates
 * it, or what `record` makes of it. Throws RT1012 without brokers or topic; what else is wrong with its options fails
 * the job with RT1410.
 */
function source<
  Schema extends StandardSchema = never,
  const Format extends KafkaFormat = 'json',
  Record = KafkaValue<Schema, Format>,
>(options: KafkaSourceOptions<Schema, Format, Record>): Source<Record> {
  const { schema, record, ...rest } = options
  return {
    connector: 'kafka',
    options: plainData({
      ...rest,
      brokers: requiredTexts('kafka.source', 'brokers', options.brokers),
      topic: requiredText('kafka.source', 'topic', options.topic),
    }),
    functions: { schema, record },
  }
}

/** Kafka, as a source. */
export const kafka = { source } as const
