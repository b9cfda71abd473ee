import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ClusterClient } from '#actors/cluster-client.js'
import type { NodeRole, NodeStatus } from '#actors/cluster-view.js'
import type { JobSubmission } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { NatsCluster } from '../support/nats-cluster.js'
import { type NatsServer, startNats } from '../support/nats-server.js'
import { PROJECT } from '../support/project.js'
import { until } from '../support/until.js'
import { NodeProcess } from './node-process.js'
import { type UsedSlot, usedSlots } from './placed-slots.js'
import { type Client, SubmittedJob } from './submitted-job.js'

export interface TestClusterOptions {
  /** Stopped with it. One of the oldest version unless said. */
  readonly nats?: Nats
  readonly jobManagers?: readonly string[]
  /** What silence is death after; the nodes' own unless said. */
  readonly heartbeatTimeout?: string
}

/** A server, or several that are one. */
type Nats = NatsServer | NatsCluster

export const JOB_MANAGER = 'jm-1'
/** Of each task manager. */
export const SLOTS = 2

const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
export const CLUSTER = 'e2e'
const PATIENCE_MS = 60_000
const CLOSE_MS = 5_000

/**
 * Job managers and whatever task managers join, each a process of its own, over a NATS with JetStream; and a client in
 * this process that stays over all that happens to them.
 */
export class TestCluster {
  readonly #nats: Nats
  readonly #options: TestClusterOptions
  readonly #nodes = new Map<string, NodeProcess>()
  readonly #jobs: SubmittedJob[] = []
  #client: Client | undefined
  /** From the spawn of the first job manager until it was ready. */
  jobManagerStartMs = 0

  private constructor(nats: Nats, options: TestClusterOptions) {
    this.#nats = nats
    this.#options = options
  }

  /** With a job manager, and no task manager yet. */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const nats = options.nats ?? (await startNats({ version: 'oldest', jetStream: true }))
    const [first = JOB_MANAGER, ...others] = options.jobManagers ?? []
    const cluster = new TestCluster(nats, options)
    try {
      cluster.jobManagerStartMs = await cluster.#add('job-manager', first, {}).start()
      for (const name of others) await cluster.#add('job-manager', name, {}).start()
      cluster.#client = await ClusterClient.connect({
        nats: { servers: cluster.#urls },
        cluster: CLUSTER,
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
      })
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** The one server that it has. */
  get nats(): NatsServer {
    if (this.#nats instanceof NatsCluster) throw new Error('it has several')
    return this.#nats
  }

  /** A new task manager. Resolves when it is ready, with the milliseconds that it took. */
  startTaskManager(name: string, env: Readonly<Record<string, string>> = {}): Promise<number> {
    return this.#add('task-manager', name, env).start()
  }

  node(name: string): NodeProcess {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`there is no node ${name}`)
    return node
  }

  async submit(submission: JobSubmission): Promise<SubmittedJob> {
    const handle = await this.client.submit(submission)
    const job = new SubmittedJob(handle, this.client)
    this.#jobs.push(job)
    return job
  }

  /** Resolves with what the cluster says of the process of that name, as soon as it knows it and `isWanted`. */
  untilNode(
    name: string,
    what: string,
    isWanted: (status: NodeStatus) => boolean = () => true,
  ): Promise<NodeStatus> {
    // One that was killed and started again may for a while be known twice.
    const { pid } = this.node(name)
    return this.#ask(`${name}: ${what}`, async () =>
      (await this.client.nodes()).find((node) => node.name === name && node.pid === pid && isWanted(node)),
    )
  }

  /** The slots that the job uses now, the busiest first. */
  slotsOf(job: SubmittedJob): Promise<readonly UsedSlot[]> {
    return this.#ask('to be told which slots the job uses, and how busy each is', async () => {
      const { placed } = await job.details()
      return usedSlots(placed, await this.client.nodes())
    })
  }

  get #urls(): string[] {
    return this.#nats instanceof NatsCluster ? [...this.#nats.urls] : [this.#nats.url]
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('there is no client yet')
    return this.#client
  }

  /** Nodes that ended though nobody asked them to. */
  get unwantedEnds(): readonly string[] {
    return [...this.#nodes.values()].filter(({ unwantedEnds }) => unwantedEnds > 0).map(({ name }) => name)
  }

  /** What each node said last: for the message of a failure. */
  tails(): string {
    return [...this.#nodes.values()].map((node) => node.tail()).join('\n')
  }

  /** Ends everything, with -9. */
  async stop(): Promise<void> {
    for (const job of this.#jobs) job.leave()
    // The client of a cluster that is broken may wait for it, and here nothing is worth waiting for.
    await Promise.race([this.#client?.close().catch(() => {}), pause(CLOSE_MS)])
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()))
    await this.#nats.stop()
  }

  /** Asks until there is an answer; while a server is away there is none. */
  #ask<T>(what: string, question: () => Promise<T | undefined>): Promise<T> {
    return until(question, { what, timeoutMs: PATIENCE_MS, everyMs: 100 })
  }

  #add(role: NodeRole, name: string, env: Readonly<Record<string, string>>): NodeProcess {
    const { heartbeatTimeout } = this.#options
    const where = ['--nats', this.#urls.join(','), '--cluster', CLUSTER]
    const args = [MAIN, 'node', '--role', role, '--name', name, ...where]
    if (role === 'task-manager') args.push('--slots', String(SLOTS))
    if (heartbeatTimeout !== undefined) args.push('--heartbeat-timeout', heartbeatTimeout)
    const node = new NodeProcess({ name, args: [...args, '--log-level', 'warn'], env })
    this.#nodes.set(name, node)
    return node
  }
}
