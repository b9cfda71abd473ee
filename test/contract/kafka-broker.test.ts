import { existsSync } from 'node:fs'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { describeWith } from '../support/describe-with.js'
import { startKafka } from '../support/kafka-broker.js'
import { consumeAll, produceLines } from '../support/kcat.js'

await describeWith({ kafka: 'own', kcat: true }, 'the Kafka of the tests', () => {
  test('when it is restarted or killed, then its topics and records are still there', {
    timeout: 90_000,
  }, async () => {
    const broker = await startKafka()
    const pid = broker.pid
    try {
      await broker.createTopic('clicks', { partitions: 2 })
      await produceLines(broker.bootstrap, 'clicks', ['one', 'two'])
      await broker.restart()
      expect(await valuesIn(broker.bootstrap, 'clicks')).toEqual(['one', 'two'])
      await produceLines(broker.bootstrap, 'clicks', ['three'])
      await broker.kill()
      expect(broker.pid).toBeUndefined()
      await broker.restart()
      expect(await valuesIn(broker.bootstrap, 'clicks')).toEqual(['one', 'three', 'two'])

      await broker.addPartitions('clicks', 5)
      expect(await broker.endOffsets('clicks')).toHaveLength(5)
    } finally {
      await broker.stop()
    }
    expect(existsSync(`/proc/${pid}`)).toBe(false)
  })

  test('when records are deleted, then a topic begins later', { timeout: 60_000 }, async () => {
    const broker = await startKafka()
    try {
      await broker.createTopic('log', { partitions: 1, config: { 'max.message.bytes': 3_000_000 } })
      await produceLines(broker.bootstrap, 'log', ['a', 'b', 'c'])
      await broker.deleteRecords('log', 0, 2)
      expect(
        (await consumeAll(broker.bootstrap, 'log')).map(({ offset, payload }) => [offset, payload]),
      ).toEqual([[2, 'c']])
    } finally {
      await broker.stop()
    }
  })

  test('when it has listeners with password and TLS, then both are needed there', {
    timeout: 60_000,
  }, async () => {
    const sasl = { username: 'director', password: 'cut' }
    const broker = await startKafka({ sasl, tls: true })
    try {
      const { saslBootstrap, tls } = broker
      if (saslBootstrap === undefined || tls === undefined) throw new Error('a listener is missing')
      const byPassword = (password: string) =>
        topicsOver({ brokers: [saslBootstrap], sasl: { mechanism: 'plain', username: 'director', password } })

      await broker.createTopic('clicks', { partitions: 1 })
      expect(await byPassword('cut')).toEqual(['clicks'])
      await expect(byPassword('wrong')).rejects.toThrow(/authentication/i)
      expect(await topicsOver({ brokers: [tls.bootstrap], ssl: { ca: [tls.certificate] } })).toEqual([
        'clicks',
      ])
    } finally {
      await broker.stop()
    }
  })
})

async function valuesIn(bootstrap: string, topic: string): Promise<(string | null)[]> {
  return (await consumeAll(bootstrap, topic)).map((record) => record.payload).sort()
}

async function topicsOver(config: KafkaConfig): Promise<string[]> {
  const admin = new Kafka({ ...config, logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin()
  try {
    await admin.connect()
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}
