import assert from 'node:assert/strict'
import { join } from 'node:path'
import { connect } from 'nats'
import { startKafka } from '../support/kafka-broker.js'
import { NatsCluster, type NatsMember } from '../support/nats-cluster.js'
import { startPostgres } from '../support/postgres-server.js'
import { PROJECT } from '../support/project.js'
import { until } from '../support/until.js'
import { ClickProducer } from './click-producer.js'
import { judge, rowsOf } from './click-verdict.js'
import { CLUSTER, TestCluster } from './cluster.js'
import { inMs } from './shown.js'
import type { SubmittedJob } from './submitted-job.js'

export interface LeadersOptions {
  /** How often the leading job manager is killed. */
  readonly deaths: number
  readonly seed: number
  /** Times are held to their aims, not just told. */
  readonly strict: boolean
}

type Say = (line: string) => void

const JOB = join(PROJECT, 'test', 'e2e', 'clicks-job.ts')
const TOPIC = 'clicks'
const PARTITIONS = 4
const RATE = 1_000
const PARALLELISM = 4
const JOB_MANAGERS = ['jm-1', 'jm-2']
const TASK_MANAGERS = ['tm-1', 'tm-2']
const AIMS = { leaderMs: 3_000, leaseMs: 12_000 }
const PATIENCE_MS = 60_000

/**
 * The main job on two job managers and two task managers over three nats-servers. The leader is killed with -9 again and
 * again, and the one that was killed comes back as the one that stands by: each time another leads, and no subtask starts
 * again. Then the nats-server dies that leads the stream of the lease. In the end it is counted against the topic.
 */
export async function leaders({ deaths, seed, strict }: LeadersOptions, say: Say): Promise<void> {
  const [kafka, postgres, nats] = await Promise.all([
    startKafka({}),
    startPostgres({ settings: { max_connections: 200 } }),
    NatsCluster.start({ version: 'current', size: 3 }),
  ])
  const producer = new ClickProducer({
    brokers: kafka.bootstrap,
    topic: TOPIC,
    partitions: PARTITIONS,
    count: Number.POSITIVE_INFINITY,
    users: 1_000,
    ratePerSecond: RATE,
    seed,
  })
  let cluster: TestCluster | undefined
  try {
    await kafka.createTopic(TOPIC, { partitions: PARTITIONS })
    cluster = await TestCluster.start({ nats, jobManagers: JOB_MANAGERS })
    for (const name of TASK_MANAGERS)
      await cluster.startTaskManager(name, { RETAKE_SECRET_DATABASE: postgres.url })
    const job = await cluster.submit({
      file: JOB,
      params: { brokers: kafka.bootstrap, topic: TOPIC, poison: 'Infinity', thrown: 'never' },
      parallelism: PARALLELISM,
    })
    await job.progress.until('it runs', () => job.progress.attempt > 0)
    const produced = producer.run()
    await until(async () => (await rowsOf(postgres, 'click_log_exactly_once')) > 0, {
      what: 'the first commit',
      timeoutMs: PATIENCE_MS,
    })
    const times: number[] = []
    for (let death = 0; death < deaths; death++) times.push(await killLeader(cluster, job, say))
    assert.equal(job.progress.attempt, 1, 'no subtask has started again')
    assert.deepEqual(job.progress.failures, [], 'nothing has failed')
    const leaseMs = await killLeaseLeader(cluster, nats, job, say)

    producer.endAt(producer.sent + RATE)
    await produced
    await judge({ job, kafka, topic: TOPIC, postgres, clicks: producer.sent, isGentle: true }, say)
    assert.deepEqual(cluster.unwantedEnds, [], 'nodes ended by themselves')
    const worst = Math.max(...times)
    say(
      `${deaths} deaths of the leader: another leads after at most ${inMs(worst)}; attempt ${job.progress.attempt}`,
    )
    if (!strict) return
    assert(worst <= AIMS.leaderMs, `another leads: the aim is ${AIMS.leaderMs} ms, the worst ${inMs(worst)}`)
    assert(leaseMs <= AIMS.leaseMs, `the lease is written again: the aim is ${AIMS.leaseMs} ms`)
  } catch (error) {
    if (cluster !== undefined) say(cluster.tails())
    throw error
  } finally {
    producer.abandon()
    await (cluster ?? nats).stop()
    await Promise.all([kafka.stop(), postgres.stop()])
  }
}

/** Resolves with the milliseconds until another answered as the leader, once the killed one stands by again. */
async function killLeader(cluster: TestCluster, job: SubmittedJob, say: Say): Promise<number> {
  const { progress } = job
  const { attempt } = progress
  const killed = await leaderOf(cluster)
  const at = performance.now()
  await cluster.node(killed).kill()
  const leader = await until(
    async () => {
      const name = await leaderOf(cluster)
      return name === killed ? undefined : name
    },
    { what: 'another leads', timeoutMs: PATIENCE_MS, everyMs: 10 },
  )
  const tookMs = performance.now() - at
  const { completedCheckpoints } = progress
  await progress.until('a checkpoint under it', () => progress.completedCheckpoints > completedCheckpoints)
  const checkpointMs = performance.now() - at
  await cluster.node(killed).start()
  await cluster.untilNode(killed, 'stands by', ({ isLeader }) => !isLeader)
  say(
    `${killed} dies, ${leader} leads after ${inMs(tookMs)}, and has a checkpoint after ${inMs(checkpointMs)}; ${progress.attempt - attempt} restarts`,
  )
  return tookMs
}

/** Resolves with the milliseconds until the lease was written again and a checkpoint was complete, on two servers. */
async function killLeaseLeader(
  cluster: TestCluster,
  nats: NatsCluster,
  job: SubmittedJob,
  say: Say,
): Promise<number> {
  const { progress } = job
  const { attempt } = progress
  const leading = await leaseLeader(nats)
  const at = performance.now()
  await leading.server.kill()
  const left = nats.members.filter((member) => member !== leading)
  const before = await revisionAt(left).catch(() => 0)
  await until(async () => (await revisionAt(left)) > before, {
    what: 'the lease to be written again',
    timeoutMs: PATIENCE_MS,
    everyMs: 50,
  })
  const leaseMs = performance.now() - at
  const { completedCheckpoints } = progress
  await progress.until('a checkpoint', () => progress.completedCheckpoints > completedCheckpoints)
  const checkpointMs = performance.now() - at
  await leading.server.restart()
  await nats.untilWhole()
  const moments = progress.moments.filter((moment) => moment.at >= at)
  for (const moment of moments) say(`  after ${inMs(moment.at - at)}: ${moment.told}`)
  say(
    `the nats-server of the lease dies: it is written again after ${inMs(leaseMs)}, a checkpoint is complete after ${inMs(checkpointMs)}; ${progress.attempt - attempt} restarts, ${await leaderOf(cluster)} leads`,
  )
  return checkpointMs
}

async function leaderOf(cluster: TestCluster): Promise<string> {
  const leader = (await cluster.client.nodes()).find(({ isLeader }) => isLeader)
  assert(leader !== undefined, 'whoever answers leads')
  return leader.name
}

interface LeaseStream {
  readonly cluster?: { readonly leader?: string }
  readonly state: { readonly last_seq: number }
}

async function leaseLeader(nats: NatsCluster): Promise<NatsMember> {
  const { cluster } = await leaseStream(nats.members)
  const member = nats.members.find(({ server }) => cluster?.leader === `test-${server.port}`)
  assert(member !== undefined, `one server leads the stream of the lease: ${cluster?.leader}`)
  return member
}

async function revisionAt(members: readonly NatsMember[]): Promise<number> {
  return (await leaseStream(members)).state.last_seq
}

/** As the servers themselves have it, past all of our own code. */
async function leaseStream(members: readonly NatsMember[]): Promise<LeaseStream> {
  const connection = await connect({ servers: members.map(({ server }) => server.url) })
  try {
    const answer = await connection.request(`$JS.API.STREAM.INFO.KV_retake_${CLUSTER}`, '', {
      timeout: 1_000,
    })
    const info = answer.json<LeaseStream & { error?: { description?: string } }>()
    if (info.error !== undefined) throw new Error(info.error.description)
    return info
  } finally {
    await connection.close()
  }
}
