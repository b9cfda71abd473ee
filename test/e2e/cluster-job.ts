import assert from 'node:assert/strict'
import { join } from 'node:path'
import { startKafka } from '../support/kafka-broker.js'
import { startPostgres } from '../support/postgres-server.js'
import { PROJECT } from '../support/project.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { ClickProducer } from './click-producer.js'
import { judge, rowsOf } from './click-verdict.js'
import { TestCluster } from './cluster.js'
import {
  CLUSTER_DISASTERS,
  type ClusterDisaster,
  type ClusterWorld,
  type Struck,
} from './cluster-disasters.js'
import { inflict } from './fault.js'

export interface ClusterJobOptions {
  /** At least so many, and as many as it takes: the producer goes on until the last disaster is over. */
  readonly clicks: number
  readonly ratePerSecond: number
  readonly seed: number
}

type Say = (line: string) => void

const JOB = join(PROJECT, 'test', 'e2e', 'clicks-job.ts')
const TOPIC = 'clicks'
const PARTITIONS = 4
const USERS = 10_000
const PARALLELISM = 4
const TASK_MANAGERS = ['tm-1', 'tm-2', 'tm-3']
/** Short, so that a process that stands still is given up while the test looks on. */
const HEARTBEAT_TIMEOUT = '3s'
/** Between two disasters, and behind the last. */
const CALM_S = 1

/**
 * The main job on one job manager and three task managers, each a process, over a NATS of their own. All that
 * `cluster-disasters.ts` holds happens to it while clicks come at a steady rate; then it is counted against the topic.
 */
export async function clusterJob(
  { clicks, ratePerSecond, seed }: ClusterJobOptions,
  say: Say,
): Promise<void> {
  const [kafka, postgres] = await Promise.all([
    startKafka({}),
    startPostgres({ settings: { max_connections: 200 } }),
  ])
  const producer = new ClickProducer({
    brokers: kafka.bootstrap,
    topic: TOPIC,
    partitions: PARTITIONS,
    count: Number.POSITIVE_INFINITY,
    users: USERS,
    ratePerSecond,
    seed,
  })
  const proxies = new Map<string, TcpProxy>()
  let cluster: TestCluster | undefined
  try {
    await kafka.createTopic(TOPIC, { partitions: PARTITIONS })
    cluster = await TestCluster.start({ heartbeatTimeout: HEARTBEAT_TIMEOUT })
    const running = cluster
    const joinCluster = async (name: string) => {
      const proxy = await TcpProxy.to(postgres)
      proxies.set(name, proxy)
      return running.startTaskManager(name, { RETAKE_SECRET_DATABASE: proxy.addressFor(postgres.url) })
    }
    for (const name of TASK_MANAGERS) await joinCluster(name)
    const job = await cluster.submit({
      file: JOB,
      // User code is not what is tried here: no click has such a number.
      params: { brokers: kafka.bootstrap, topic: TOPIC, poison: 'Infinity', thrown: 'never' },
      parallelism: PARALLELISM,
    })
    const { progress } = job
    await progress.until('it runs', () => progress.attempt > 0)
    const produced = producer.run()
    await until(async () => (await rowsOf(postgres, 'click_log_exactly_once')) > 0, {
      what: 'the first commit',
      timeoutMs: 60_000,
    })
    say(`first commit; attempt ${progress.attempt}`)
    const world: ClusterWorld = {
      cluster,
      job,
      progress,
      producer,
      postgres,
      busyUser: 'user-1',
      join: joinCluster,
      proxyOf(name) {
        const proxy = proxies.get(name)
        assert(proxy !== undefined, `${name} has no proxy`)
        return proxy
      },
    }
    for (const disaster of CLUSTER_DISASTERS) await survive(disaster, world, CALM_S * ratePerSecond, say)
    producer.endAt(Math.max(clicks, producer.sent))
    await produced
    await judge({ job, kafka, topic: TOPIC, postgres, clicks }, say)
    assert.deepEqual(cluster.unwantedEnds, [], 'nodes ended by themselves')
    say(`${progress.attempt - 1} restarts in all, ${progress.completedCheckpoints} checkpoints`)
  } catch (error) {
    if (cluster !== undefined) say(cluster.tails())
    throw error
  } finally {
    producer.abandon()
    await cluster?.stop()
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()))
    await Promise.all([kafka.stop(), postgres.stop()])
  }
}

/** Inflicts one disaster, lets `calm` clicks come after it, and tells what it cost. */
async function survive(
  disaster: ClusterDisaster,
  world: ClusterWorld,
  calm: number,
  say: Say,
): Promise<void> {
  const { progress, producer } = world
  const { attempt } = progress
  const struck = await inflict(disaster, world)
  await producer.reached(producer.sent + calm)
  const attempts = progress.attempt - attempt
  say(`${disaster.name}: ${struck.told}`)
  say(`  ${costOf(struck, attempts, world)}; ${producer.sent} clicks written`)
  const { attemptsMax = Number.POSITIVE_INFINITY } = disaster
  assert(attempts <= attemptsMax, `${disaster.name}: cost ${attempts} attempts, of at most ${attemptsMax}`)
}

function costOf({ at }: Struck, attempts: number, { progress }: ClusterWorld): string {
  if (attempts === 0) return `no new attempt, still ${progress.attempt}`
  const toldMs = progress.after(at, 'failure')
  const detected = toldMs === undefined ? 'no failure' : `a failure after ${toldMs.toFixed(0)} ms`
  const runsMs = progress.after(at, 'running')
  return `${detected}, RUNNING after ${runsMs?.toFixed(0)} ms; ${attempts} new, attempt ${progress.attempt}`
}
