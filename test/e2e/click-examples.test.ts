import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { clickAt, expectedCounts } from '../../examples/demo-clicks.js'
import { describeWith } from '../support/describe-with.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { produceLines } from '../support/kcat.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { LocalCluster } from './local-cluster.js'

await describeWith({ postgres: true }, 'the example that makes its clicks up', () => {
  let server: PostgresServer
  let cluster: LocalCluster
  beforeAll(async () => {
    server = await startPostgres()
    cluster = await LocalCluster.start()
  })
  afterAll(async () => {
    await cluster.stop()
    await server.stop()
  })

  test('when a slot crashes while it counts, then the table holds what the oracle counts', async () => {
    const database = await server.createDatabase('demo')
    const params = { database, count: '60000', rate: '15000', seed: '5', table: 'clicks' }
    const job = await cluster.submit('examples/demo-clicks.ts', params)
    await cluster.completed(job, 1)
    expect(await cluster.node.crashSlot()).toBe(true)
    await cluster.finish(job)
    expect(await countsOf(database, 'clicks')).toEqual(expectedCounts(60_000, 5))
  })
})

await describeWith({ postgres: true, kafka: true, kcat: true }, 'the examples that read Kafka', () => {
  const clicks = Array.from({ length: 5_000 }, (_, index) => clickAt(9, index))
  let postgres: PostgresServer
  let kafka: KafkaBroker
  let database: string
  let cluster: LocalCluster
  beforeAll(async () => {
    ;[postgres, kafka] = await Promise.all([startPostgres(), startKafka()])
    database = await postgres.createDatabase('clicks')
    await kafka.createTopic('clicks', { partitions: 4 })
    await produceLines(
      kafka.bootstrap,
      'clicks',
      clicks.map((click) => JSON.stringify(click)),
    )
  })
  afterAll(() => Promise.all([postgres.stop(), kafka.stop()]))
  beforeEach(async () => {
    cluster = await LocalCluster.start()
  })
  afterEach(() => cluster.stop())

  test.each([
    ['exactly-once', { guarantee: 'exactly-once' }],
    ['at-least-once', { guarantee: 'at-least-once' }],
    ['exactly-once, and senders combine', { guarantee: 'exactly-once', combine: '20ms' }],
  ])('when clicks are counted %s, then each user has all its clicks', async (name, options) => {
    const table = `counts ${name}`
    const params = { brokers: kafka.bootstrap, database, table, bounded: 'true', ...options }
    await cluster.finish(await cluster.submit('examples/click-count.ts', params))
    expect(await countsOf(database, table)).toEqual(expectedCounts(5_000, 9))
  })

  test('when clicks are logged, then each click of a logged-in user is a row', async () => {
    const params = { brokers: kafka.bootstrap, database, bounded: 'true' }
    await cluster.finish(await cluster.submit('examples/click-log.ts', params))
    const rows = await rowsOf<{ user_id: string; url: string; ts: string }>(
      database,
      'select user_id, url, ts from click_log order by ts',
    )
    const logged = clicks.filter(({ loggedIn }) => loggedIn)
    expect(rows).toEqual(logged.map(({ userId, url, ts }) => ({ user_id: userId, url, ts: String(ts) })))
  })
})

async function countsOf(database: string, table: string): Promise<Map<string, number>> {
  const rows = await rowsOf<{ user_id: string; clicks: string }>(
    database,
    `select user_id, clicks from ${pg.escapeIdentifier(table)}`,
  )
  return new Map(rows.map(({ user_id, clicks }) => [user_id, Number(clicks)]))
}

async function rowsOf<Row extends pg.QueryResultRow>(database: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}
