import assert from 'node:assert/strict'
import pg from 'pg'
import type { KafkaBroker } from '../support/kafka-broker.js'
import type { PostgresServer } from '../support/postgres-server.js'
import { until } from '../support/until.js'
import type { Fault, Stage } from './fault.js'
import type { RunningJob } from './running-job.js'

export interface Disaster extends Fault<World> {
  /** It strikes when so many clicks (a share of all) are in the topic. */
  readonly at: number
}

export interface World extends Stage {
  readonly job: RunningJob
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
 * A lock on a row that every commit writes holds the commit open inside the server; then the server goes down. Gives
 * the moment at which it does.
 */
export async function restartPostgresInCommit({
  postgres,
  busyUser,
}: Pick<World, 'postgres' | 'busyUser'>): Promise<number> {
  const locker = new pg.Client({ connectionString: postgres.url })
  locker.on('error', () => {}) // cut off by the restart
  await locker.connect()
  await locker.query('begin')
  const locked = await locker.query('select 1 from click_counts_exactly_once where user_id = $1 for update', [
    busyUser,
  ])
  assert.equal(locked.rowCount, 1, `there is no row of ${busyUser} to lock`)
  await until(async () => (await waitingCommits(postgres)) > 0, { what: 'a commit waits for the row lock' })
  const at = performance.now()
  await postgres.restart()
  await locker.end().catch(() => {})
  return at
}

async function waitingCommits(postgres: PostgresServer): Promise<number> {
  const [row] = await postgres.query<{ n: string }>(
    `select count(*) as n from pg_stat_activity
     where wait_event_type = 'Lock' and query ilike '%insert into%click_counts_exactly_once%'`,
  )
  return Number(row?.n ?? 0)
}
