/**
 * What people write today: one process, a kafkajs consumer, a `Map` of totals, and every five seconds one transaction in
 * PostgreSQL that holds the totals that have changed and the offsets up to which they count. It begins again from those
 * offsets, and the totals in the table, so every click counts once.
 *
 * kafkajs is used as its documentation advises for throughput: whole batches, offsets of our own, several partitions at
 * once, and answers of the broker as large as Retake's. It ends where the topic ended when it began.
 */
import { type EachBatchPayload, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { committed, say } from '../main-job/run-line.js'

export interface KafkajsRun {
  readonly brokers: string
  readonly topic: string
  readonly database: string
  readonly table: string
  readonly commitMs: number
}

interface Click {
  readonly userId: string
  readonly loggedIn: boolean
}

const { brokers, topic, database, table, commitMs } = JSON.parse(process.argv[2]!) as KafkajsRun
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR })
const client = new pg.Client({ connectionString: database })
const totals = new Map<string, number>()
const changed = new Set<string>()
/** The next offset of each partition. */
const offsets = new Map<number, number>()
let read = 0
let committedAt = 0
/** One transaction after the other: partitions are counted side by side. */
let commits = Promise.resolve()

const ends = await openedAt()
const consumer = kafka.consumer({
  groupId: table,
  maxBytes: 4 * 1024 * 1024,
  maxBytesPerPartition: 1024 * 1024,
})
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await new Promise<void>((resolve, reject) => {
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
  consumer
    .run({
      autoCommit: false,
      partitionsConsumedConcurrently: ends.size,
      eachBatch: async (payload) => {
        count(payload)
        const isAtEnd = [...ends].every(([partition, end]) => (offsets.get(partition) ?? 0) >= end)
        if (isAtEnd || performance.now() - committedAt >= commitMs) {
          committedAt = performance.now()
          commits = commits.then(commit)
          await commits
        }
        if (isAtEnd) resolve()
      },
    })
    .catch(reject)
  for (const [partition, offset] of offsets) consumer.seek({ topic, partition, offset: String(offset) })
})
await committed()
await Promise.all([consumer.disconnect(), client.end()])

/** Where each partition ends now; totals and offsets are what an earlier run has left. */
async function openedAt(): Promise<ReadonlyMap<number, number>> {
  await client.connect()
  await client.query(
    `create table if not exists ${table}_offsets (topic_partition integer primary key, next_offset bigint)`,
  )
  const kept = await client.query<{ topic_partition: number; next_offset: string }>(
    `select * from ${table}_offsets`,
  )
  for (const row of kept.rows) offsets.set(row.topic_partition, Number(row.next_offset))
  const rows = await client.query<{ user_id: string; clicks: string }>(`select user_id, clicks from ${table}`)
  for (const { user_id, clicks } of rows.rows) totals.set(user_id, Number(clicks))
  const admin = kafka.admin()
  await admin.connect()
  const partitions = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return new Map(partitions.map(({ partition, high }) => [partition, Number(high)]))
}

function count({ batch }: EachBatchPayload): void {
  if (committedAt === 0) {
    say({ type: 'running' })
    committedAt = performance.now()
  }
  for (const { value } of batch.messages) {
    const { userId, loggedIn } = JSON.parse(value!.toString()) as Click
    if (!loggedIn) continue
    totals.set(userId, (totals.get(userId) ?? 0) + 1)
    changed.add(userId)
  }
  offsets.set(batch.partition, Number(batch.lastOffset()) + 1)
  read += batch.messages.length
  say({ type: 'read', clicks: read })
}

/** What it writes is fixed before it waits: other partitions are counted meanwhile, for the next one. */
async function commit(): Promise<void> {
  const begunAt = performance.now()
  const users = [...changed]
  const clicks = users.map((user) => totals.get(user)!)
  const [partitions, next] = [[...offsets.keys()], [...offsets.values()]]
  changed.clear()
  await client.query('begin')
  await client.query(
    `insert into ${table} (user_id, clicks) select * from unnest($1::text[], $2::bigint[])
     on conflict (user_id) do update set clicks = excluded.clicks`,
    [users, clicks],
  )
  await client.query(
    `insert into ${table}_offsets (topic_partition, next_offset) select * from unnest($1::integer[], $2::bigint[])
     on conflict (topic_partition) do update set next_offset = excluded.next_offset`,
    [partitions, next],
  )
  await client.query('commit')
  say({ type: 'checkpoint', seconds: (performance.now() - begunAt) / 1_000 })
}
