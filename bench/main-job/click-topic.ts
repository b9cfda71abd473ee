import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import type { KafkaBroker } from '../../test/support/kafka-broker.js'
import { clickJson } from './clicks.js'

export const PARTITIONS = 4
/** Clicks in a row that stand in one partition, and in one batch of it: about 80 KB. */
const BATCH = 1_000
/** Sends that may be under way; each holds a batch for every partition. */
const UNDER_WAY = 4

/** Fills a topic with the first `count` clicks and gives its name. One that a broker has kept from before is taken. */
export async function clickTopic(broker: KafkaBroker, count: number): Promise<string> {
  const topic = `clicks-${count}`
  const known = await broker.admin((admin) => admin.listTopics())
  if (!known.includes(topic)) await broker.createTopic(topic, { partitions: PARTITIONS })
  const held = await clicksIn(broker, topic)
  if (held === count) return topic
  if (held > 0) throw new Error(`topic ${topic} holds ${held} clicks: delete it, and it is filled again`)
  await fill(broker.bootstrap, topic, count)
  return topic
}

async function clicksIn(broker: KafkaBroker, topic: string): Promise<number> {
  return Number((await broker.endOffsets(topic)).reduce((sum, end) => sum + end, 0n))
}

async function fill(bootstrap: string, topic: string, count: number): Promise<void> {
  const kafka = new Kafka({ brokers: [bootstrap], clientId: 'retake-bench', logLevel: logLevel.ERROR })
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  let next = 0
  const sendOn = async () => {
    while (next < count) {
      const from = next
      next = Math.min(count, from + BATCH * PARTITIONS)
      const messages = Array.from({ length: next - from }, (_, i) => ({
        value: clickJson(from + i),
        partition: Math.floor(i / BATCH),
      }))
      await producer.send({ topic, messages, acks: -1, compression: CompressionTypes.None })
    }
  }
  await Promise.all(Array.from({ length: UNDER_WAY }, sendOn))
  await producer.disconnect()
}
