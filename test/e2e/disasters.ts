import assert from 'node:assert/strict'
import pg from 'pg'
import type { KafkaBroker } from '../support/kafka-broker.js'
import type { PostgresServer } from '../support/postgres-server.js'
import { until } from '../support/until.js'
import type { ClickProducer } from './click-producer.js'
import type { RunningJob } from './running-job.js'

export interface Disaster {
  readonly name: string
  /** It strikes when so many clicks (a share of all) are in the topic. */
  readonly at: number
  /** Resolves when it has struck. */
  strike(world: World): Promise<void>
  /** It ends the attempt under way. */
  readonly endsAttempt: boolean
}

export interface World {
  readonly job: RunningJob
  readonly producer: ClickProducer
  readonly kafka: KafkaBroker
  readonly postgres: PostgresServer
  /** A user who clicks all the time. */
  readonly busyUser: string
}

const crashSlot: Disaster['strike'] = async ({ job }) => job.crashSlot()

const killProcess: Disaster['strike'] = async ({ job }) => {
  await job.kill()
  job.start()
}

/** All that happens to one run, in order. The throw of user code is in the job itself. */
export const DISASTERS: readonly Disaster[] = [
  { name: 'a slot thread is terminated', at: 0.12, strike: crashSlot, endsAttempt: true },
  { name: 'the process is killed with -9', at: 0.24, strike: killProcess, endsAttempt: true },
  {
    name: 'PostgreSQL is restarted during a commit',
    at: 0.38,
    strike: restartPostgresInCommit,
    endsAttempt: false,
  },
  { name: 'Kafka is restarted', at: 0.5, strike: ({ kafka }) => kafka.restart(), endsAttempt: false },
  { name: 'a slot thread is terminated again', at: 0.62, strike: crashSlot, endsAttempt: true },
  { name: 'the process is killed with -9 again', at: 0.74, strike: killProcess, endsAttempt: true },
]

/**
 * Runs one disaster. It must fall after the first commit and before the last record, and the next one may only come
 * when the job has taken a checkpoint behind it: else it would have proved nothing.
 */
export async function inflict(disaster: Disaster, world: World, clicks: number): Promise<void> {
  const { job, producer } = world
  await producer.reached(Math.round(disaster.at * clicks))
  assert(job.completedCheckpoints > 0, `${disaster.name}: before the first checkpoint was complete`)
  const { attempt } = job
  await disaster.strike(world)
  assert(producer.sent < clicks, `${disaster.name}: after the last record`)
  if (disaster.endsAttempt)
    await job.until(`it runs again after "${disaster.name}"`, () => job.attempt > attempt)
  const { completedCheckpoints } = job
  await job.until(
    `a checkpoint completes after "${disaster.name}"`,
    () => job.completedCheckpoints > completedCheckpoints + 1,
  )
}

/** A lock on a row that every commit writes holds the commit open inside the server; then the server goes down. */
async function restartPostgresInCommit({ postgres, busyUser }: World): Promise<void> {
  const locker = new pg.Client({ connectionString: postgres.url })
  locker.on('error', () => {}) // cut off by the restart
  await locker.connect()
  await locker.query('begin')
  const locked = await locker.query('select 1 from click_counts_exactly_once where user_id = $1 for update', [
    busyUser,
  ])
  assert.equal(locked.rowCount, 1, `there is no row of ${busyUser} to lock`)
  await until(async () => (await waitingCommits(postgres)) > 0, { what: 'a commit waits for the row lock' })
  await postgres.restart()
  await locker.end().catch(() => {})
}

async function waitingCommits(postgres: PostgresServer): Promise<number> {
  const [row] = await postgres.query<{ n: string }>(
    `select count(*) as n from pg_stat_activity
     where wait_event_type = 'Lock' and query ilike '%insert into%click_counts_exactly_once%'`,
  )
  return Number(row?.n ?? 0)
}
