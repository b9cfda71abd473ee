import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ClusterClient } from '#actors/cluster-client.js'
import type { NodeRole, NodeStatus } from '#actors/cluster-view.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { NodeProcess } from '../e2e/node-process.js'
import { type Client, SubmittedJob } from '../e2e/submitted-job.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { NatsCluster } from '../support/nats-cluster.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { PROJECT } from '../support/project.js'
import { until } from '../support/until.js'
import { ChaosDisks } from './chaos-disks.js'
import { ChaosHosts } from './chaos-hosts.js'
import { KeptNode } from './kept-node.js'
import { NodeLogs } from './node-logs.js'
import { leaderOf, NodeSigns } from './node-signs.js'

export interface ChaosClusterOptions {
  /** One leads, the others stand by. */
  readonly jobManagers: number
  readonly heartbeatTimeoutMs: number
  /** A folder for all that the nodes say; only what is wrong is kept, and not for long, unless it is named. */
  readonly logs?: string | undefined
}

export const TOPIC = 'clicks'
export const PARTITIONS = 4
/** As many as the job has slots left when one of three task managers is gone. */
export const PARALLELISM = 4

export const NATS_HOSTS = ['nats-1', 'nats-2', 'nats-3']
const TASK_MANAGERS = ['tm-1', 'tm-2', 'tm-3']
const SLOTS = 2
const CLUSTER = 'chaos'
const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
const JOB = join(PROJECT, 'test', 'chaos', 'clicks-job.ts')
const LOOK_MS = 250
const CLOSE_MS = 5_000
const WHOLE_MS = 60_000
/** What JetStream may take on each server. */
const STORE_BYTES = 64 * 1024 * 1024

/** Three nats-servers that are one JetStream, Kafka, PostgreSQL, job managers and three task managers: what is struck. */
export class ChaosCluster {
  readonly hosts: ChaosHosts
  readonly nats: NatsCluster
  readonly kafka: KafkaBroker
  readonly postgres: PostgresServer
  /** On which the nats-servers keep JetStream, one each; none where none can be mounted. */
  readonly disks: ChaosDisks
  readonly signs = new NodeSigns()
  readonly #jobManagers: readonly KeptNode[]
  readonly #taskManagers: readonly KeptNode[]
  #client: Client | undefined
  #job: SubmittedJob | undefined
  #seen: readonly NodeStatus[] = []
  #hasStopped = false

  private constructor(
    { jobManagers, heartbeatTimeoutMs, logs: folder }: ChaosClusterOptions,
    parts: Pick<ChaosCluster, 'hosts' | 'nats' | 'kafka' | 'postgres' | 'disks'>,
  ) {
    this.hosts = parts.hosts
    this.nats = parts.nats
    this.kafka = parts.kafka
    this.postgres = parts.postgres
    this.disks = parts.disks
    const logs = folder === undefined ? undefined : new NodeLogs(folder)
    const logLevel = logs === undefined ? 'warn' : 'info'
    const onLine = (name: string, line: string) => {
      const at = Date.now()
      this.signs.onLine(name, line, at)
      logs?.onLine(name, line, at)
    }
    const node = (role: NodeRole, name: string, more: readonly string[]) =>
      new KeptNode(
        new NodeProcess({
          name,
          host: this.hosts.host(name),
          args: [MAIN, 'node', '--role', role, '--name', name, '--cluster', CLUSTER, '--log-level', logLevel]
            .concat('--nats', this.nats.urls.join(','), '--heartbeat-timeout', `${heartbeatTimeoutMs}ms`)
            .concat(more),
          env: { RETAKE_SECRET_DATABASE: this.postgres.url },
          onLine: (line) => onLine(name, line),
        }),
      )
    this.#jobManagers = jobManagerNames(jobManagers).map((name) => node('job-manager', name, []))
    this.#taskManagers = TASK_MANAGERS.map((name) => node('task-manager', name, ['--slots', String(SLOTS)]))
  }

  static async start(options: ChaosClusterOptions): Promise<ChaosCluster> {
    const hosts = await ChaosHosts.create([
      ...NATS_HOSTS,
      ...jobManagerNames(options.jobManagers),
      ...TASK_MANAGERS,
      'kafka',
      'postgres',
    ])
    const disks = new ChaosDisks(hosts.whyNot('small disks') === undefined ? NATS_HOSTS : [])
    const started: { stop(): Promise<void> }[] = []
    const kept = async <Server extends { stop(): Promise<void> }>(server: Promise<Server>) => {
      started.push(await server)
      return server
    }
    try {
      const [nats, kafka, postgres] = await Promise.all([
        kept(
          NatsCluster.start({
            version: 'current',
            size: NATS_HOSTS.map((name) => hosts.host(name)),
            jetStream: (index) => {
              const disk = disks.disk(NATS_HOSTS[index] ?? '')
              return { bytesMax: STORE_BYTES, ...(disk && { folder: join(disk.folder, 'jetstream') }) }
            },
          }),
        ),
        kept(startKafka({ host: hosts.host('kafka') })),
        kept(startPostgres({ host: hosts.host('postgres'), settings: { max_connections: 200 } })),
      ])
      await kafka.createTopic(TOPIC, { partitions: PARTITIONS })
      const cluster = new ChaosCluster(options, { hosts, nats, kafka, postgres, disks })
      started.push({ stop: () => cluster.#stopNodes() })
      await cluster.#startNodes()
      return cluster
    } catch (error) {
      for (const server of started.reverse()) await server.stop()
      disks.unmount()
      hosts.remove()
      throw error
    }
  }

  get client(): Client {
    assert(this.#client !== undefined, 'the client is connected')
    return this.#client
  }

  get job(): SubmittedJob {
    assert(this.#job !== undefined, 'the job was submitted')
    return this.#job
  }

  get nodes(): readonly KeptNode[] {
    return [...this.#jobManagers, ...this.#taskManagers]
  }

  get taskManagers(): readonly KeptNode[] {
    return this.#taskManagers
  }

  /** How often a node ended by itself and was started again. */
  get startedAgain(): number {
    return this.nodes.reduce((sum, { process }) => sum + process.unwantedEnds, 0)
  }

  /** Whoever leads, as the living tell. */
  leader(): Promise<KeptNode> {
    const leader = async () => {
      const told = leaderOf(await this.client.nodes())
      return this.#jobManagers.find(({ name }) => name === told?.name)
    }
    return until(leader, { what: 'to be told who leads', everyMs: LOOK_MS })
  }

  /** A job manager that does not lead. */
  async standby(): Promise<KeptNode> {
    const leader = await this.leader()
    const standby = this.#jobManagers.find((node) => node !== leader)
    assert(standby !== undefined, 'nobody stands by')
    return standby
  }

  /** Task managers that run subtasks of the job, as soon as somebody can tell. */
  used(): Promise<readonly KeptNode[]> {
    const used = async () => {
      const [{ placed }, nodes] = await Promise.all([this.job.details(), this.client.nodes()])
      const names = new Set(placed.map(({ node }) => nodes.find((seen) => seen.node === node)?.name))
      const found = this.#taskManagers.filter(({ name }) => names.has(name))
      return found.length > 0 ? found : undefined
    }
    return until(used, { what: 'to be told whom the job uses', everyMs: LOOK_MS })
  }

  async submit(): Promise<void> {
    const handle = await this.client.submit({
      file: JOB,
      params: { brokers: this.kafka.bootstrap, topic: TOPIC },
      parallelism: PARALLELISM,
    })
    this.#job = new SubmittedJob(handle, this.client)
  }

  /** Resolves when all that there should be is alive, as the leader sees it, and the job has its slots. */
  async untilWhole(timeoutMs = WHOLE_MS): Promise<void> {
    await this.nats.untilWhole(timeoutMs)
    await until(() => this.#whatIsMissing() === undefined, {
      what: 'all nodes to be alive',
      timeoutMs,
      everyMs: LOOK_MS / 2,
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${this.#whatIsMissing()}`, { cause: error.cause })
    })
  }

  /** What each node said last: for the message of a failure. */
  tails(): string {
    return this.nodes.map(({ process }) => process.tail()).join('\n')
  }

  /** Ends everything, with -9. */
  async stop(): Promise<void> {
    this.#hasStopped = true
    this.#job?.leave()
    // The client of a cluster that is broken may wait for it, and here nothing is worth waiting for.
    await Promise.race([this.#client?.close().catch(() => {}), pause(CLOSE_MS)])
    await this.#stopNodes()
    await Promise.all([this.nats.stop(), this.kafka.stop(), this.postgres.stop()])
    this.disks.unmount()
    this.hosts.remove()
  }

  async #startNodes(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()))
    this.#client = await ClusterClient.connect({
      nats: { servers: [...this.nats.urls] },
      cluster: CLUSTER,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    })
    void this.#look()
  }

  async #stopNodes(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  async #look(): Promise<void> {
    while (!this.#hasStopped) {
      const nodes = await this.client.nodes().catch(() => undefined)
      if (nodes !== undefined) this.signs.onNodes(nodes, Date.now())
      this.#seen = nodes ?? []
      await pause(LOOK_MS)
    }
  }

  #whatIsMissing(): string | undefined {
    const down = this.nodes.find((node) => !node.isUp)
    if (down !== undefined) return `${down.name} does not run`
    const offered = this.#taskManagers.map(({ name, process }) =>
      this.#seen.find((node) => node.name === name && node.pid === process.pid && node.state === 'alive'),
    )
    const lost = offered.indexOf(undefined)
    if (lost >= 0) return `${this.#taskManagers[lost]?.name} is not alive`
    const used = offered.reduce((sum, node) => sum + (node?.slots ?? 0) - (node?.freeSlots ?? 0), 0)
    return used === PARALLELISM ? undefined : `${used} slots are used, not ${PARALLELISM}`
  }
}

function jobManagerNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `jm-${index + 1}`)
}
