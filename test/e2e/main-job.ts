import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startKafka } from '../support/kafka-broker.js'
import { startNats } from '../support/nats-server.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'
import { ClickOracle } from './click-oracle.js'
import { ClickProducer } from './click-producer.js'
import { DISASTERS, inflict } from './disasters.js'
import { RunningJob } from './running-job.js'

export interface MainJobOptions {
  readonly clicks: number
  readonly seed: number
  readonly overNats: boolean
}

type Say = (line: string) => void

const TOPIC = 'clicks'
const PARTITIONS = 4
const USERS = 10_000
const SLOTS = 4
const RATE = 5_000
/** User code throws at this share of all clicks. */
const POISON = 0.06

/** This file runs from dist; the job is bundled from its TypeScript. */
const JOB = fileURLToPath(new URL('../../../test/e2e/clicks-job.ts', import.meta.url))

/** The main job under everything that `disasters.ts` holds, and then counted against the topic. */
export async function mainJob({ clicks, seed, overNats }: MainJobOptions, say: Say): Promise<void> {
  const [kafka, postgres] = await Promise.all([
    startKafka({}),
    startPostgres({ settings: { max_connections: 200 } }),
  ])
  const nats = overNats ? await startNats({ version: 'oldest' }) : undefined
  const stateDirectory = temporaryFolder('e2e-state')
  const thrown = join(stateDirectory, 'user-code-threw')
  const poison = String(Math.round(clicks * POISON))
  const job = new RunningJob({
    file: JOB,
    stateDirectory,
    slots: SLOTS,
    nats: nats?.url,
    params: { brokers: kafka.bootstrap, topic: TOPIC, database: postgres.url, poison, thrown },
  })
  try {
    await kafka.createTopic(TOPIC, { partitions: PARTITIONS })
    const producer = new ClickProducer({
      brokers: kafka.bootstrap,
      topic: TOPIC,
      partitions: PARTITIONS,
      count: clicks,
      users: USERS,
      ratePerSecond: RATE,
      seed,
    })
    job.start()
    await job.until('it runs', () => job.attempt > 0)
    const produced = producer.run()
    await job.until('its first checkpoints are complete', () => job.completedCheckpoints > 1)
    assert(producer.sent < clicks * POISON, 'user code throws after the first checkpoint')
    await job.until('it runs again after user code threw', () => existsSync(thrown) && job.attempt > 1)
    say(`user code threw; attempt ${job.attempt}`)
    for (const disaster of DISASTERS) {
      await inflict(disaster, { job, producer, kafka, postgres, busyUser: 'user-1' }, clicks)
      say(`${disaster.name}; attempt ${job.attempt}, ${producer.sent} clicks written`)
    }
    await produced

    const oracle = await ClickOracle.of(kafka.bootstrap, TOPIC)
    assert(oracle.log.size > clicks / 2, 'the topic holds the clicks')
    await until(async () => (await rowsOf(postgres, 'click_log_exactly_once')) >= oracle.log.size, {
      what: 'every click is in the log',
      timeoutMs: 120_000,
      everyMs: 200,
    })
    const { completedCheckpoints } = job
    await job.until('two more checkpoints', () => job.completedCheckpoints > completedCheckpoints + 1)
    await job.cancel()
    await compare(oracle, postgres, say)
  } finally {
    await job.kill()
    await Promise.all([kafka.stop(), postgres.stop(), nats?.stop()])
  }
}

async function compare(oracle: ClickOracle, postgres: PostgresServer, say: Say): Promise<void> {
  const faults = [
    ...(await oracle.faultsOfCounts(postgres, 'click_counts_exactly_once')),
    ...(await oracle.faultsOfCounts(postgres, 'click_counts_at_least_once')),
  ]
  assert.deepEqual(faults.slice(0, 10), [], `${faults.length} users have a wrong count`)
  const exactly = await oracle.compareLog(postgres, 'click_log_exactly_once')
  assert.deepEqual(exactly, { missing: 0, foreign: 0, repeated: 0 }, 'the exactly-once log')
  const { repeated, ...atLeast } = await oracle.compareLog(postgres, 'click_log_at_least_once')
  assert.deepEqual(atLeast, { missing: 0, foreign: 0 }, 'the at-least-once log')
  assert(repeated > 0, 'no click stands twice in the at-least-once log: the disasters did nothing')
  say(
    `${oracle.counts.size} users and ${oracle.log.size} logged-in clicks are exact; ${repeated} rows twice at least once`,
  )
}

async function rowsOf(postgres: PostgresServer, table: string): Promise<number> {
  const [row] = await postgres.query<{ n: string }>(`select count(*) as n from ${table}`)
  return Number(row?.n ?? 0)
}
