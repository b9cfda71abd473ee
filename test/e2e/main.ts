/**
 * `npm run e2e [-- --repeat N] [--nats] [--clicks N]`: the main job on a real Kafka and PostgreSQL under all disasters,
 * counted against the topic. `--nats` forces every channel over a real NATS. Without either, once by ports and once over
 * NATS. Ends with the line `N passed, N failed, N skipped`.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { whatIsMissing } from '../support/describe-with.js'
import { startKafka } from '../support/kafka-broker.js'
import { startNats } from '../support/nats-server.js'
import { startPostgres } from '../support/postgres-server.js'
import { temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'
import { ClickOracle } from './click-oracle.js'
import { ClickProducer } from './click-producer.js'
import { DISASTERS, inflict } from './disasters.js'
import { RunningJob } from './running-job.js'

const TOPIC = 'clicks'
const PARTITIONS = 4
const USERS = 10_000
const SLOTS = 4
const RATE = 5_000

/** The source of the job: the build beside this file lies in dist, the job is bundled from its TypeScript. */
const JOB = fileURLToPath(new URL('../../../test/e2e/clicks-job.ts', import.meta.url))

const { values: options } = parseArgs({
  options: {
    repeat: { type: 'string', default: '1' },
    nats: { type: 'boolean', default: false },
    clicks: { type: 'string', default: '300000' },
  },
})

interface Counted {
  passed: number
  failed: number
  skipped: number
}

async function main(): Promise<Counted> {
  const counted: Counted = { passed: 0, failed: 0, skipped: 0 }
  const clicks = Number(options.clicks)
  for (let round = 1; round <= Number(options.repeat); round++) {
    for (const transport of options.nats ? (['nats'] as const) : (['ports', 'nats'] as const)) {
      const name = `the main job under ${DISASTERS.length + 1} disasters, by ${transport}, round ${round}`
      const missing = await whatIsMissing({
        kafka: 'own',
        postgres: 'own',
        kcat: true,
        ...(transport === 'nats' && { nats: 'oldest' }),
      })
      if (missing.length > 0) {
        const required = process.env.RETAKE_REQUIRE_SERVERS === '1'
        console.log(`${required ? 'failed' : 'skipped'} ${name}: ${missing.join('; ')}`)
        counted[required ? 'failed' : 'skipped']++
        continue
      }
      const startedAt = Date.now()
      try {
        console.log(name)
        await theMainJob(clicks, transport === 'nats', round)
        counted.passed++
        console.log(`  exact after ${seconds(startedAt)} s`)
      } catch (error) {
        counted.failed++
        console.log(`  FAILED after ${seconds(startedAt)} s:`, error)
      }
    }
  }
  return counted
}

async function theMainJob(clicks: number, overNats: boolean, round: number): Promise<void> {
  const [kafka, postgres] = await Promise.all([
    startKafka({}),
    startPostgres({ settings: { max_connections: 200 } }),
  ])
  const nats = overNats ? await startNats({ version: 'oldest' }) : undefined
  const stateDirectory = temporaryFolder('e2e-state')
  const thrown = join(stateDirectory, 'user-code-threw')
  const job = new RunningJob({
    file: JOB,
    stateDirectory,
    slots: SLOTS,
    nats: nats?.url,
    params: {
      brokers: kafka.bootstrap,
      topic: TOPIC,
      database: postgres.url,
      poison: String(Math.round(clicks * 0.06)),
      thrown,
    },
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
      seed: round,
    })
    job.start()
    await job.until('it runs', () => job.attempt > 0)
    const produced = producer.run()
    await job.until('its first checkpoint is complete', () => job.completedCheckpoints > 1)
    assert(producer.sent < clicks * 0.06, 'user code throws after the first checkpoint')
    await producer.reached(Math.round(clicks * 0.07))
    await job.until('it runs again after user code threw', () => existsSync(thrown) && job.attempt > 1)
    say(`user code threw; attempt ${job.attempt}`)

    for (const disaster of DISASTERS) {
      const at = Date.now()
      await inflict(disaster, { job, producer, kafka, postgres, busyUser: 'user-1' }, clicks)
      say(
        `${disaster.name}; attempt ${job.attempt}, ${producer.sent} clicks written, a checkpoint later after ${seconds(at)} s`,
      )
    }
    await produced

    const oracle = await ClickOracle.of(kafka.bootstrap, TOPIC)
    assert(oracle.log.size > clicks / 2, 'the topic holds the clicks')
    await until(async () => (await rows(postgres, 'click_log_exactly_once')) >= oracle.log.size, {
      what: 'every click is in the log',
      timeoutMs: 60_000,
      everyMs: 200,
    })
    const { completedCheckpoints } = job
    await job.until('two more checkpoints', () => job.completedCheckpoints > completedCheckpoints + 1)
    await job.cancel()
    await compare(oracle, postgres)
  } finally {
    await job.kill()
    await Promise.all([kafka.stop(), postgres.stop(), nats?.stop()])
  }
}

async function compare(
  oracle: ClickOracle,
  postgres: Awaited<ReturnType<typeof startPostgres>>,
): Promise<void> {
  const faults = [
    ...(await oracle.faultsOfCounts(postgres, 'click_counts_exactly_once')),
    ...(await oracle.faultsOfCounts(postgres, 'click_counts_at_least_once')),
  ]
  assert.deepEqual(faults.slice(0, 10), [], `${faults.length} users have a wrong count`)
  const exactly = await oracle.compareLog(postgres, 'click_log_exactly_once')
  assert.deepEqual(exactly, { missing: 0, foreign: 0, repeated: 0 }, 'the exactly-once log')
  const atLeast = await oracle.compareLog(postgres, 'click_log_at_least_once')
  assert.deepEqual(
    { missing: atLeast.missing, foreign: atLeast.foreign },
    { missing: 0, foreign: 0 },
    'the at-least-once log',
  )
  assert(atLeast.repeated > 0, 'no click stands twice in the at-least-once log: the disasters did nothing')
  say(
    `${oracle.counts.size} users and ${oracle.log.size} logged clicks, all exact; at least once: ${atLeast.repeated} rows twice`,
  )
}

async function rows(postgres: Awaited<ReturnType<typeof startPostgres>>, table: string): Promise<number> {
  const [row] = await postgres.query<{ n: string }>(`select count(*) as n from ${table}`)
  return Number(row?.n ?? 0)
}

function say(line: string): void {
  console.log(`  ${line}`)
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1_000).toFixed(1)
}

const { passed, failed, skipped } = await main()
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(failed === 0 ? 0 : 1)
