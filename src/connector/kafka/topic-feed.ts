import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { RetakeError } from '../../kit/errors.js'
import { prepareKafkajs } from './kafkajs-internals.js'

type Producer = ReturnType<Kafka['producer']>
type Admin = ReturnType<Kafka['admin']>

export interface TopicFeedOptions {
  /** `host:port`, several of them separated by commas. */
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
}

/**
 * A topic of one's own, made to be filled and removed again: for demonstrations. It is no sink: the broker drops what a
 * retry would write twice, but nothing makes a feed go on where an earlier process left it.
 */
export class TopicFeed {
  readonly #options: TopicFeedOptions
  readonly #admin: Admin
  readonly #producer: Producer
  #written = 0

  private constructor(options: TopicFeedOptions, admin: Admin, producer: Producer) {
    this.#options = options
    this.#admin = admin
    this.#producer = producer
  }

  get brokers(): string {
    return this.#options.brokers
  }

  get name(): string {
    return this.#options.topic
  }

  /** Throws RT1406 when no broker answers. */
  static async create(options: TopicFeedOptions): Promise<TopicFeed> {
    prepareKafkajs()
    const { brokers, topic, partitions } = options
    const kafka = new Kafka({
      clientId: 'retake-feed',
      brokers: brokers.split(',').map((broker) => broker.trim()),
      logLevel: logLevel.NOTHING,
      retry: { retries: 3 },
    })
    const admin = kafka.admin()
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    })
    try {
      await admin.connect()
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true })
      await producer.connect()
    } catch (cause) {
      await Promise.allSettled([admin.disconnect(), producer.disconnect()])
      throw new RetakeError('RT1406', {
        what: `the topic ${topic} cannot be made at ${brokers}`,
        why: cause instanceof Error ? cause.message : String(cause),
        fix: 'check the address, that the broker runs, and that it may be reached without a password',
        cause,
      })
    }
    return new TopicFeed(options, admin, producer)
  }

  /** One after the other over the partitions. Resolves when the broker has them; throws RT1407 when it refuses them. */
  async write(values: readonly string[]): Promise<void> {
    const { topic, partitions } = this.#options
    const messages = values.map((value, i) => ({ value, partition: (this.#written + i) % partitions }))
    try {
      await this.#producer.send({ topic, messages, acks: -1, compression: CompressionTypes.None })
    } catch (cause) {
      throw new RetakeError('RT1407', {
        what: `the topic ${topic} does not take records`,
        why: cause instanceof Error ? cause.message : String(cause),
        fix: 'look at the log of the broker',
        cause,
      })
    }
    this.#written += values.length
  }

  /** Deletes the topic, as far as that is allowed. */
  async remove(): Promise<void> {
    await this.#admin.deleteTopics({ topics: [this.#options.topic] }).catch(() => {})
    await Promise.allSettled([this.#admin.disconnect(), this.#producer.disconnect()])
  }
}
