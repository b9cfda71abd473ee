import { afterAll, beforeAll, expect, test } from 'vitest'
import { kafkaSource } from '#src/connector/kafka/kafka-connector.js'
import { describeWith } from '../support/describe-with.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { enumeratorOf, ReaderRun, withProducer } from './kafka-reader-run.js'

await describeWith({ kafka: true }, 'the Kafka source, on a real broker', () => {
  let broker: KafkaBroker
  const runs: ReaderRun[] = []

  beforeAll(async () => {
    broker = await startKafka({ sasl: { username: 'director', password: 'cut' }, tls: true })
  }, 120_000)

  afterAll(async () => {
    for (const run of runs) await run.close()
    await broker?.stop()
  }, 60_000)

  function runOf(options: Record<string, unknown>, functions: Record<string, unknown> = {}): ReaderRun {
    const run = new ReaderRun(kafkaSource, { brokers: broker.bootstrap, ...options }, functions)
    runs.push(run)
    return run
  }

  test('when a bounded topic is read, then every record comes once and then the end', async () => {
    await broker.createTopic('bounded', { partitions: 3 })
    await withProducer(broker.bootstrap, async (producer) => {
      for (let i = 0; i < 30; i++) {
        const messages = [{ value: JSON.stringify({ number: i }), partition: i % 3 }]
        await producer.send({ topic: 'bounded', messages })
      }
    })
    const run = runOf({ topic: 'bounded', bounded: true })
    await run.resolve()
    await run.untilEnd()
    expect(run.records.map((record) => (record as { number: number }).number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    )
    expect(run.reader.positions()).toEqual(
      [0, 1, 2].map((partition) => ({
        split: `bounded-${partition}`,
        owner: partition,
        position: { partition, offset: 10, stop: 10 },
        ended: true,
      })),
    )
  })
  void enumeratorOf
})
