import assert from 'node:assert/strict'
import type { KafkaBroker } from '../support/kafka-broker.js'
import type { PostgresServer } from '../support/postgres-server.js'
import { until } from '../support/until.js'
import { ClickOracle } from './click-oracle.js'
import type { JobProgress } from './job-progress.js'

export interface JudgedJob {
  readonly progress: JobProgress
  cancel(): Promise<void>
}

export interface Judged {
  readonly job: JudgedJob
  readonly kafka: KafkaBroker
  readonly topic: string
  readonly postgres: PostgresServer
  /** The topic holds so many clicks at least. */
  readonly clicks: number
  /** What was done to it may have cost no restart: then no click stands twice anywhere. */
  readonly isGentle?: boolean
}

/**
 * When the last click is written: waits until all are in the tables of `clicks-job.ts`, ends the job, and holds what
 * PostgreSQL has against what the topic has.
 */
export async function judge(
  { job, kafka, topic, postgres, clicks, isGentle = false }: Judged,
  say: (line: string) => void,
): Promise<void> {
  const { progress } = job
  const oracle = await ClickOracle.of(kafka.bootstrap, topic)
  assert(oracle.log.size > clicks / 2, 'the topic holds the clicks')
  await until(async () => (await rowsOf(postgres, 'click_log_exactly_once')) >= oracle.log.size, {
    what: 'every click is in the log',
    timeoutMs: 120_000,
    everyMs: 200,
  })
  const { completedCheckpoints } = progress
  await progress.until('two more checkpoints', () => progress.completedCheckpoints > completedCheckpoints + 1)
  await job.cancel()
  await compare(oracle, postgres, isGentle, say)
}

async function compare(
  oracle: ClickOracle,
  postgres: PostgresServer,
  isGentle: boolean,
  say: (line: string) => void,
): Promise<void> {
  const faults = [
    ...(await oracle.faultsOfCounts(postgres, 'click_counts_exactly_once')),
    ...(await oracle.faultsOfCounts(postgres, 'click_counts_at_least_once')),
  ]
  assert.deepEqual(faults.slice(0, 10), [], `${faults.length} users have a wrong count`)
  const exactly = await oracle.compareLog(postgres, 'click_log_exactly_once')
  assert.deepEqual(exactly, { missing: 0, foreign: 0, repeated: 0 }, 'the exactly-once log')
  const { repeated, ...atLeast } = await oracle.compareLog(postgres, 'click_log_at_least_once')
  assert.deepEqual(atLeast, { missing: 0, foreign: 0 }, 'the at-least-once log')
  assert(
    isGentle || repeated > 0,
    'no click stands twice in the at-least-once log: the disasters did nothing',
  )
  say(
    `${oracle.counts.size} users and ${oracle.log.size} logged-in clicks are exact; ${repeated} rows twice at least once`,
  )
}

export async function rowsOf(postgres: PostgresServer, table: string): Promise<number> {
  const [row] = await postgres.query<{ n: string }>(`select count(*) as n from ${table}`)
  return Number(row?.n ?? 0)
}
