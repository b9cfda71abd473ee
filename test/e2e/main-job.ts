import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startKafka } from '../support/kafka-broker.js'
import { startNats } from '../support/nats-server.js'
import { startPostgres } from '../support/postgres-server.js'
import { temporaryFolder } from '../support/server-process.js'
import { ClickProducer } from './click-producer.js'
import { judge } from './click-verdict.js'
import { DISASTERS } from './disasters.js'
import { inflict } from './fault.js'
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
  const producer = new ClickProducer({
    brokers: kafka.bootstrap,
    topic: TOPIC,
    partitions: PARTITIONS,
    count: clicks,
    users: USERS,
    ratePerSecond: RATE,
    seed,
  })
  const { progress } = job
  try {
    await kafka.createTopic(TOPIC, { partitions: PARTITIONS })
    job.start()
    await progress.until('it runs', () => progress.attempt > 0)
    const produced = producer.run()
    await progress.until('its first checkpoints are complete', () => progress.completedCheckpoints > 1)
    assert(producer.sent < clicks * POISON, 'user code throws after the first checkpoint')
    await progress.until(
      'it runs again after user code threw',
      () => existsSync(thrown) && progress.attempt > 1,
    )
    say(`user code threw; attempt ${progress.attempt}`)
    const world = { job, progress, producer, kafka, postgres, busyUser: 'user-1' }
    for (const disaster of DISASTERS) {
      await producer.reached(Math.round(disaster.at * clicks))
      await inflict(disaster, world)
      say(`${disaster.name}; attempt ${progress.attempt}, ${producer.sent} clicks written`)
    }
    await produced
    await judge({ job, kafka, topic: TOPIC, postgres, clicks }, say)
  } finally {
    producer.abandon()
    await job.kill()
    await Promise.all([kafka.stop(), postgres.stop(), nats?.stop()])
  }
}
