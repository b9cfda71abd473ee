import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startKafka } from '../support/kafka-broker.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { residentBytesOf } from '../support/resident-bytes.js'
import { temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'
import { ClickProducer } from './click-producer.js'
import { RunningJob } from './running-job.js'
import { inMegabytes } from './shown.js'

const JOB = fileURLToPath(new URL('../../../test/e2e/log-job.ts', import.meta.url))
const TOPIC = 'clicks'
const CLICKS = 600_000
const RECORD_BYTES = 1_024
const STALL_S = 60
/** Written, read and committed before the stall: what grows then is not the process getting going. */
const WARM_UP = 30_000
/** In the last part of the stall the at-least-once source must not move at all. */
const STILL_S = 30
const GROWTH_MAX = 100 * 1024 * 1024
const GUARANTEES = ['exactly-once', 'at-least-once'] as const

interface Sample {
  readonly rssBytes: number
  readonly recordsIn: number
  readonly partBytes: number
}

/**
 * Two jobs append the same backlog of 600 MB, one under each guarantee; then both tables are locked for a minute. Neither
 * process may grow by 100 MB. At least once, the source stands still; exactly once, what is staged goes to the store.
 */
export async function stalledSink(say: (line: string) => void): Promise<void> {
  const [kafka, postgres] = await Promise.all([startKafka({}), startPostgres({})])
  const jobs = new Map(
    GUARANTEES.map((guarantee) => {
      const stateDirectory = temporaryFolder('e2e-stall')
      const params = {
        brokers: kafka.bootstrap,
        topic: TOPIC,
        database: postgres.url,
        guarantee,
        table: tableOf(guarantee),
      }
      return [
        guarantee,
        { stateDirectory, job: new RunningJob({ file: JOB, stateDirectory, slots: 2, params }) },
      ]
    }),
  )
  const locker = new pg.Client({ connectionString: postgres.url })
  try {
    await kafka.createTopic(TOPIC, { partitions: 4 })
    for (const { job } of jobs.values()) {
      job.start()
      await job.progress.until(
        'its first checkpoint is complete',
        () => job.progress.completedCheckpoints > 0,
      )
    }
    await producerOf(kafka.bootstrap, WARM_UP).run()
    for (const [guarantee] of jobs)
      await until(async () => (await rowsOf(postgres, guarantee)) >= WARM_UP, {
        what: 'the first clicks are committed',
        timeoutMs: 60_000,
      })
    await locker.connect()
    await locker.query(`begin; lock table ${GUARANTEES.map(tableOf).join(', ')} in access exclusive mode`)
    const before = new Map([...jobs].map(([guarantee, running]) => [guarantee, sampleOf(running)]))
    await producerOf(kafka.bootstrap, CLICKS).run()
    say(`${CLICKS} clicks of ${RECORD_BYTES} bytes wait behind locked tables`)
    const samples = new Map(GUARANTEES.map((guarantee) => [guarantee, [] as Sample[]]))
    for (let second = 0; second < STALL_S; second++) {
      await pause(1_000)
      for (const [guarantee, running] of jobs) samples.get(guarantee)?.push(sampleOf(running))
    }
    for (const [guarantee, seen] of samples) judge(guarantee, before.get(guarantee), seen, say)
    await locker.query('rollback')
    for (const [guarantee, { job }] of jobs) {
      await job.progress.until(
        `${guarantee}: the whole backlog is read once the lock is gone`,
        () => job.progress.recordsIn >= WARM_UP + CLICKS,
        180,
      )
      assert.deepEqual(job.progress.failures, [], `${guarantee}: a stall is no failure`)
    }
  } finally {
    await locker.end().catch(() => {})
    for (const { job } of jobs.values()) await job.kill()
    await Promise.all([kafka.stop(), postgres.stop()])
  }
}

function judge(
  guarantee: string,
  before: Sample | undefined,
  seen: readonly Sample[],
  say: (line: string) => void,
): void {
  const last = seen.at(-1)
  assert(before !== undefined && last !== undefined)
  const growth = Math.max(...seen.map(({ rssBytes }) => rssBytes)) - before.rssBytes
  say(
    `${guarantee}: RSS grew by ${inMegabytes(growth)}, ${last.recordsIn} records read, parts grew by ${inMegabytes(last.partBytes - before.partBytes)}`,
  )
  assert(growth < GROWTH_MAX, `${guarantee}: RSS grew by ${inMegabytes(growth)}`)
  assert(last.recordsIn < CLICKS, `${guarantee}: the source was throttled`)
  const still = seen.at(-1 - STILL_S)
  if (guarantee === 'at-least-once') {
    assert.equal(last.recordsIn, still?.recordsIn, `the source moved in the last ${STILL_S} s of the stall`)
  } else {
    assert(last.partBytes > before.partBytes, 'what was staged went to the store')
  }
}

function producerOf(brokers: string, count: number): ClickProducer {
  return new ClickProducer({
    brokers,
    topic: TOPIC,
    partitions: 4,
    count,
    users: 10_000,
    ratePerSecond: 100_000,
    seed: 1,
    recordBytes: RECORD_BYTES,
  })
}

async function rowsOf(postgres: PostgresServer, guarantee: (typeof GUARANTEES)[number]): Promise<number> {
  const [row] = await postgres.query<{ n: string }>(`select count(*) as n from ${tableOf(guarantee)}`)
  return Number(row?.n ?? 0)
}

function tableOf(guarantee: (typeof GUARANTEES)[number]): string {
  return `stalled_${guarantee.replaceAll('-', '_')}`
}

function sampleOf({ job, stateDirectory }: { job: RunningJob; stateDirectory: string }): Sample {
  assert(job.pid !== undefined, 'the process of the job has ended')
  const rssBytes = residentBytesOf(job.pid)
  return { rssBytes, recordsIn: job.progress.recordsIn, partBytes: bytesBelow(join(stateDirectory, 'blobs')) }
}

function bytesBelow(directory: string): number {
  let bytes = 0
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
  }
  return bytes
}
