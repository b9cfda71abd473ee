import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { kafkaSource } from '#src/connector/kafka/kafka-connector.js'
import { errorInfoOf, isCurable } from '#src/kit/errors.js'
import type { CheckpointId } from '#src/kit/ids.js'
import { describeWith } from '../support/describe-with.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { until } from '../support/until.js'
import { ReaderRun, withProducer } from './kafka-reader-run.js'

const SEND_RECORDS = 900
const SASL = { username: 'director', password: 'cut' }

await describeWith({ kafka: true }, 'the Kafka source, on a real broker', () => {
  let broker: KafkaBroker
  const runs: ReaderRun[] = []

  beforeAll(async () => {
    broker = await startKafka({ sasl: SASL, tls: true })
  }, 120_000)

  afterEach(async () => {
    await Promise.all(runs.splice(0).map((run) => run.close()))
  })

  afterAll(async () => {
    await broker?.stop()
  }, 60_000)

  function runOf(options: Record<string, unknown>, functions: Record<string, unknown> = {}): ReaderRun {
    const run = new ReaderRun(kafkaSource, { brokers: broker.bootstrap, ...options }, functions)
    runs.push(run)
    return run
  }

  async function produce(topic: string, values: readonly string[], partition = 0): Promise<void> {
    await withProducer(broker.bootstrap, async (producer) => {
      for (let from = 0; from < values.length; from += SEND_RECORDS) {
        const messages = values.slice(from, from + SEND_RECORDS).map((value) => ({ value, partition }))
        await producer.send({ topic, messages })
      }
    })
  }

  test('when 300 000 records are read, then each comes once, in the order of its partition', {
    timeout: 120_000,
  }, async () => {
    await broker.createTopic('many', { partitions: 4 })
    const valuesOf = (partition: number) => numbered(75_000, (i) => JSON.stringify({ partition, number: i }))
    for (let partition = 0; partition < 4; partition++) await produce('many', valuesOf(partition), partition)
    const run = runOf({ topic: 'many', bounded: true })
    const next = [0, 0, 0, 0]
    run.onRecord = (record) => {
      const { partition, number } = record as { partition: number; number: number }
      if (next[partition] !== number)
        throw new Error(`partition ${partition}: ${number} after ${next[partition]}`)
      next[partition] = number + 1
    }
    await run.resolve()
    await run.untilEnd(60_000)
    expect(next).toEqual([75_000, 75_000, 75_000, 75_000])
    expect(run.reader.positions()).toEqual(
      [0, 1, 2, 3].map((partition) => ({
        split: `many-${partition}`,
        owner: partition,
        position: { partition, offset: 75_000, stop: 75_000 },
        ended: true,
      })),
    )
  })

  test('when a transaction is aborted, then none of it is read, and the end is behind its marker', async () => {
    await broker.createTopic('transactions', { partitions: 1 })
    const transact = async (values: string[], end: 'commit' | 'abort') => {
      const config = { transactionalId: 'e2e', idempotent: true, maxInFlightRequests: 1 }
      await withProducer(
        broker.bootstrap,
        async (producer) => {
          const transaction = await producer.transaction()
          await transaction.send({ topic: 'transactions', messages: values.map((value) => ({ value })) })
          await transaction[end]()
        },
        config,
      )
    }
    await transact(['a', 'b'], 'commit')
    await transact(['no', 'no'], 'abort')
    const [end] = await until(
      async () => {
        const ends = await broker.endOffsets('transactions')
        return ends[0] === 6n ? ends : undefined
      },
      { what: 'the marker of the aborted transaction' },
    )
    const committed = runOf({ topic: 'transactions', format: 'string', bounded: true })
    await committed.resolve()
    await committed.untilEnd()
    expect(committed.records).toEqual(['a', 'b'])
    expect(committed.reader.positions()[0]).toMatchObject({ position: { offset: Number(end) } })

    const all = runOf({
      topic: 'transactions',
      format: 'string',
      bounded: true,
      isolation: 'read-uncommitted',
    })
    await all.resolve()
    await all.untilEnd()
    expect(all.records).toEqual(['a', 'b', 'no', 'no'])
  })

  test('when the broker is restarted or killed while it is read, then nothing is lost and nothing comes twice', {
    timeout: 180_000,
  }, async () => {
    await broker.createTopic('restarted', { partitions: 2 })
    const run = runOf({ topic: 'restarted', format: 'string', fetch: { maxPartitionBytes: 4_096 } })
    await run.resolve()
    let written = 0
    const write = async (count: number) => {
      for (const partition of [0, 1]) {
        await produce(
          'restarted',
          numbered(count, (i) => `${partition}:${written + i}`),
          partition,
        )
      }
      written += count
    }
    await write(5_000)
    await run.pollUntil(() => run.records.length > 1_000)
    await broker.restart()
    await write(1_000)
    await run.pollUntil(() => run.records.length > 11_000, 60_000)
    await broker.kill()
    const restarted = broker.restart()
    await restarted
    await write(1_000)
    await run.pollUntil(() => run.records.length >= 14_000, 60_000)
    for (const partition of [0, 1]) {
      const read = run.records.filter((record) => String(record).startsWith(`${partition}:`))
      expect(read).toEqual(numbered(7_000, (i) => `${partition}:${i}`))
    }
    expect(run.failures).toEqual([])
  })

  test('when a partition is added, then it is discovered and read from its beginning', async () => {
    await broker.createTopic('growing', { partitions: 1 })
    const run = runOf({ topic: 'growing', format: 'string', start: 'latest' })
    const known = (await run.resolve()).map(({ split }) => split)
    expect(await run.enumerator.discover(new Set(known))).toEqual([])
    await broker.addPartitions('growing', 2)
    await produce('growing', ['before anyone looked'], 1)
    const fresh = await run.enumerator.discover(new Set(known))
    expect(fresh).toMatchObject([{ split: 'growing-1', owner: 1, position: { offset: 0, stop: null } }])
    run.reader.addSplits(fresh)
    await run.pollUntil(() => run.records.length === 1)
    expect(run.records).toEqual(['before anyone looked'])
  })

  test('when retention deletes what was not read, then the job fails and says from where to where', async () => {
    await broker.createTopic('deleted', { partitions: 1 })
    await produce('deleted', numbered(10, String))
    const run = runOf({ topic: 'deleted', format: 'string' })
    const splits = await run.enumerator.resolve()
    await broker.deleteRecords('deleted', 0, 6)
    run.reader.addSplits(splits)
    const error = await run.failure()
    expect(error).toMatchObject({
      code: 'RT1402',
      what: expect.stringContaining('offset 0, but now begins at 6'),
    })
    expect(isCurable(errorInfoOf(error))).toBe(false)
    expect(run.records).toEqual([])
  })

  test('when it starts at a time, at the end or from a group, then it begins there', async () => {
    await broker.createTopic('starts', { partitions: 1 })
    await withProducer(broker.bootstrap, async (producer) => {
      const messages = [1_000, 2_000, 3_000].map((timestamp) => ({
        value: `${timestamp}`,
        timestamp: `${timestamp}`,
      }))
      await producer.send({ topic: 'starts', messages })
    })
    const startOf = async (options: Record<string, unknown>) => {
      const [split] = await runOf({ topic: 'starts', ...options }).enumerator.resolve()
      const { offset } = Object(split?.position) as { offset: number }
      return offset
    }
    expect(await startOf({ start: 'earliest' })).toBe(0)
    expect(await startOf({ start: 'latest' })).toBe(3)
    expect(await startOf({ start: { timestamp: 1_500 } })).toBe(1)
    expect(await startOf({ start: { timestamp: 9_000 } })).toBe(3)
    expect(await startOf({ start: 'group', group: 'nobody' })).toBe(0)

    const run = runOf({ topic: 'starts', format: 'string', group: 'readers' })
    await run.resolve()
    await run.pollUntil(() => run.records.length === 3)
    const positions = run.reader
      .positions()
      .map((split) => ({ ...split, position: { ...Object(split.position), offset: 2 } }))
    run.reader.onCheckpointComplete?.(7 as CheckpointId, positions)
    const committed = () =>
      broker.admin((admin) => admin.fetchOffsets({ groupId: 'readers', topics: ['starts'] }))
    const [topic] = await until(
      async () => {
        const offsets = await committed()
        return offsets[0]?.partitions[0]?.offset === '2' ? offsets : undefined
      },
      { what: 'the committed offset' },
    )
    expect(topic?.partitions).toMatchObject([{ partition: 0, offset: '2', metadata: 'chk-7' }])
    expect(await startOf({ start: 'group', group: 'readers' })).toBe(2)
  })

  test.each([['gzip'], ['snappy'], ['lz4'], ['zstd']])(
    'when the topic is compressed with %s, then it is read',
    async (codec) => {
      const topic = `in-${codec}`
      await broker.createTopic(topic, { partitions: 1, config: { 'compression.type': codec } })
      const values = numbered(20_000, (i) => `${codec} ${i} ${'ä'.repeat(i % 50)}`)
      await produce(topic, values)
      const run = runOf({ topic, format: 'string', bounded: true })
      await run.resolve()
      await run.untilEnd()
      expect(run.records).toEqual(values)
    },
  )

  test('when a record is larger than a fetch may be, then it comes nevertheless', async () => {
    await broker.createTopic('large', { partitions: 2, config: { 'max.message.bytes': 3_000_000 } })
    const large = 'x'.repeat(2_000_000)
    await produce('large', ['small', large, 'small'], 1)
    await produce('large', numbered(100, String), 0)
    const fetch = { maxBytes: 100_000, maxPartitionBytes: 10_000 }
    const run = runOf({ topic: 'large', format: 'string', bounded: true, fetch })
    await run.resolve()
    await run.untilEnd()
    expect(run.records.filter((record) => !/^\d+$/.test(String(record)))).toEqual(['small', large, 'small'])
    expect(run.records).toHaveLength(103)
  })

  test('when nobody polls, then positions stand still and memory is bounded', {
    timeout: 60_000,
  }, async () => {
    await broker.createTopic('stalled', { partitions: 4 })
    const value = 'x'.repeat(1_000)
    for (let partition = 0; partition < 4; partition++) {
      await produce(
        'stalled',
        numbered(5_000, () => value),
        partition,
      )
    }
    const run = runOf({ topic: 'stalled', format: 'string', fetch: { maxBytes: 1 << 20 } })
    await run.resolve()
    await run.untilReady(2)
    global.gc?.()
    const before = process.memoryUsage().rss
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // the time in which something could grow
    expect(process.memoryUsage().rss - before).toBeLessThan(20_000_000)
    expect(run.reader.positions().map(({ position }) => (position as { offset: number }).offset)).toEqual([
      0, 0, 0, 0,
    ])
    await run.pollUntil(() => run.records.length === 20_000)
  })

  test('when the topic does not exist, then that is said and no restart is useful', async () => {
    const error = await runOf({ topic: 'nowhere' })
      .enumerator.resolve()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'RT1401', what: expect.stringContaining('"nowhere"') })
    expect(isCurable(errorInfoOf(error))).toBe(false)
  })

  test('when the broker asks for a password, then the right one reads and a wrong one fails at once', async () => {
    await broker.createTopic('secured', { partitions: 1 })
    await produce('secured', ['let in'])
    const brokers = broker.saslBootstrap
    const sasl = { mechanism: 'plain', ...SASL }
    const run = runOf({ brokers, sasl, topic: 'secured', format: 'string', bounded: true })
    await run.resolve()
    await run.untilEnd()
    expect(run.records).toEqual(['let in'])

    const wrong = runOf({ brokers, sasl: { ...sasl, password: 'wrong' }, topic: 'secured' })
    const error = await wrong.enumerator.resolve().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'RT1404', why: expect.stringMatching(/authentication/i) })
    expect(isCurable(errorInfoOf(error))).toBe(false)
    expect(JSON.stringify(errorInfoOf(error))).not.toContain('wrong')

    wrong.reader.addSplits(await run.enumerator.resolve())
    expect(await wrong.failure()).toMatchObject({ code: 'RT1404' })
  })

  test('when the connection is lost in the middle of authentication, then that is no wrong password', async () => {
    await broker.createTopic('cut', { partitions: 1 })
    const proxy = await cutAuthentications(String(broker.saslBootstrap), 2)
    try {
      const sasl = { mechanism: 'plain', ...SASL }
      const run = runOf({ brokers: proxy.address, sasl, topic: 'cut', bounded: true })
      expect(await run.resolve()).toHaveLength(1)
      expect(proxy.cuts()).toBe(2)
    } finally {
      proxy.close()
    }
  })

  test('when the broker speaks TLS, then its certificate must be trusted', async () => {
    await broker.createTopic('private', { partitions: 1 })
    await produce('private', ['sealed'])
    const brokers = broker.tls?.bootstrap
    const tls = { ca: broker.tls?.certificate }
    const run = runOf({ brokers, tls, topic: 'private', format: 'string', bounded: true })
    await run.resolve()
    await run.untilEnd()
    expect(run.records).toEqual(['sealed'])

    const error = await runOf({ brokers, tls: true, topic: 'private' })
      .enumerator.resolve()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'RT1490', why: expect.stringMatching(/certificate/i) })
  })

  test('when it is closed in the middle of a long poll, then it ends at once', async () => {
    await broker.createTopic('quiet', { partitions: 1 })
    const run = runOf({ topic: 'quiet', fetch: { maxWaitMs: 30_000 } })
    await run.resolve()
    await run.pollUntil(() => true)
    await until(() => run.reader.poll() === 'idle', { what: 'an idle reader' })
    const before = performance.now()
    await run.close()
    expect(performance.now() - before).toBeLessThan(2_000)
  })
})

function numbered(count: number, make: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

const SASL_AUTHENTICATE = 36

/** A way to `target` that breaks the first `times` connections when they send their password. */
async function cutAuthentications(target: string, times: number) {
  let cuts = 0
  const [host, port] = target.split(':')
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect({ host: String(host), port: Number(port) })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    upstream.pipe(client)
    upstream.on('close', () => client.destroy())
    client.on('data', (request) => {
      if (cuts < times && request.length > 6 && request.readInt16BE(4) === SASL_AUTHENTICATE) {
        cuts++
        client.destroy()
        upstream.destroy()
      } else upstream.write(request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, cuts: () => cuts, close }
}
