import { hostname } from 'node:os'
import type { ActorRef } from '#src/actor/actor.js'
import { newSystemId, shortIdOf } from '#src/actor/address.js'
import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { Supervisor } from '#src/actor/supervisor.js'
import { ActorSystem, AskError } from '#src/actor/system.js'
import type { NatsOptions } from '#src/actor/transport/nats-client.js'
import { JobStore } from '#src/cluster/job-store.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import type { StateStoreConfig } from '#src/cluster/open-state-store.js'
import { GROUP_OF, JOB_MANAGER_NAME, PROTOCOL } from '#src/cluster/protocol.js'
import type { StateStore } from '#src/cluster/state-store.js'
import { assert } from '#src/kit/assert.js'
import type { Clock } from '#src/kit/clock.js'
import { errorOf, type RetakeError } from '#src/kit/errors.js'
import type { NodeId, RunId, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import { type Random, randomToken } from '#src/kit/random.js'
import { version } from '#src/kit/version.js'
import type { NodeRole } from './cluster-view.js'
import { JobClient, type JobHandle } from './job-client.js'
import { JobIntake } from './job-intake.js'
import { type DirectedRun, JobManager, type JobManagerMessage } from './job-manager.js'
import type { JobSubmission } from './job-order.js'
import { type AwaitLeader, Leadership, type LeadershipNews, type Resign } from './leadership.js'
import type { HostedNode, HostOf, NodeHost } from './node-host.js'
import { ProcessHost } from './process-host.js'
import {
  jobManagerOf,
  LEADERSHIP,
  LEADING_JOB_MANAGER,
  LEADING_RESOURCE_MANAGER,
  leadershipOf,
  NODE,
  resourceManagerOf,
  taskManagerName,
  taskManagerOf,
} from './role-addresses.js'
import {
  type CrashSlot,
  type DrainTaskManager,
  type ProcessMeters,
  TaskManager,
  type TaskManagerMessage,
  type TaskManagerNews,
} from './task-manager.js'
import { endProcess, type NatsLink } from './transports.js'
import { Warnings } from './warnings.js'

export type { JobEnd, JobHandle } from './job-client.js'
export type { JobSubmission } from './job-order.js'

/** The cluster that a node belongs to, and the NATS by which its nodes find each other. */
export interface ClusterLink {
  /** A token: letters, digits, `_`, `-`. */
  readonly name: string
  readonly nats: NatsOptions
}

export interface NodeOptions {
  /** What its operator calls it. Default: the name of the host. */
  readonly name?: string
  /** Default: both. */
  readonly roles?: readonly NodeRole[]
  /** Undefined: this node is a cluster by itself. */
  readonly cluster?: ClusterLink | undefined
  /**
   * Logs, parts, bundles and manifests are kept in this directory, which all nodes see; what an earlier process left
   * there is gone on with. Undefined: in the cluster's JetStream.
   */
  readonly stateDirectory?: string | undefined
  /** Of each task manager. */
  readonly slots: number
  /** Default 1. */
  readonly taskManagers?: number
  readonly labels?: Readonly<Record<string, string>>
  /** Forces every message of a node that is a cluster by itself over this NATS, for tests and for measuring. */
  readonly nats?: { readonly servers: string } | undefined
  /** A task manager that is silent for so long is taken for dead; the job manager's counts. 25 s unless said. */
  readonly heartbeatTimeoutMs?: number
  /** Jobs wait this long for slots, then fail; 5 minutes unless said. */
  readonly slotRequestMs?: number
  /** Outlives the node in its process. */
  readonly meters?: ProcessMeters
  /** How it and its task managers stand with the cluster. */
  readonly onNews?: (news: NodeNews) => void
  /** What it says of its protocol, for tests; that of this build unless said. */
  readonly protocol?: number
  /** The link to NATS has ended for good. Default: the process ends with the error. */
  readonly onFatal?: (error: RetakeError) => void
  /** Where it lives. Default: in this process. */
  readonly host?: HostOf
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export type NodeNews = TaskManagerNews | LeadershipNews

const SHORT = { timeoutMs: 10_000 }
/** Whoever drains a node decides himself when it takes too long. */
const DRAIN = { timeoutMs: 24 * 60 * 60_000 }
/** The lease of a leader that was killed is waited for, and a store that is slow to start. */
const LEADER = { timeoutMs: 60_000, repeatMs: 50 }
/** Leaving without having given the lease back costs the others only that they wait for it. */
const RESIGN = { timeoutMs: 2_000 }

/**
 * One incarnation of a process that hosts actors; with both roles the whole cast:
 *
 *     node                    starts its children again, each by itself
 *     ├─ leadership           └─ job-manager, while it leads: resource-manager, job masters and their coordinators
 *     └─ task-manager-0 …     └─ slots, each in a thread of its own
 */
export class Node {
  readonly id: NodeId
  readonly #options: NodeOptions
  readonly #info: NodeInfo
  readonly #host: NodeHost
  readonly #system: ActorSystem
  readonly #isDirector: boolean
  /** Its own, or that of its cluster. */
  readonly #jobManager: ActorRef<JobManagerMessage>
  readonly #jobs: JobClient
  readonly #taskManagers: readonly ActorRef<TaskManagerMessage>[]
  /** Of its job manager. */
  #state: StateStore | undefined
  #stopping: Promise<void> | undefined

  /** Throws RT1301 and RT1302, RT1501 to RT1505, RT1515, RT1518 and RT1524: what keeps it from its cluster. */
  static async start(options: NodeOptions): Promise<Node> {
    const node = new Node(options)
    try {
      await node.#join()
      return node
    } catch (error) {
      await node.kill()
      throw error
    }
  }

  private constructor(options: NodeOptions) {
    const { clock, random, logger, roles = ['job-manager', 'task-manager'], onFatal = endProcess } = options
    const { name = hostname(), host = inThisProcess(options) } = options
    const id = newSystemId(GROUP_OF[roles.includes('job-manager') ? 'job-manager' : 'task-manager'], random)
    const warnings = new Warnings(clock, (error) => this.#tell({ type: 'warning', error }))
    this.#options = options
    this.#host = host({
      system: id,
      name,
      clock,
      random,
      logger,
      onFatal,
      onWarning: (error) => warnings.onWarning(error),
      onWaiting: (reason) => this.#tell({ type: 'waiting', reason }),
    })
    this.#info = infoOf(options, name, id, this.#host)
    this.id = this.#info.node
    this.#system = new ActorSystem({
      id,
      clock,
      random,
      logger,
      ...this.#host.transports,
      limits: { peerSilenceMs: options.heartbeatTimeoutMs ?? LIMITS.peerSilenceMs },
    })
    this.#isDirector = roles.includes('job-manager')
    this.#jobManager = options.cluster === undefined ? jobManagerOf(id) : LEADING_JOB_MANAGER
    this.#jobs = new JobClient(this.#system, this.#jobManager)
    const taskManagers = roles.includes('task-manager') ? (options.taskManagers ?? 1) : 0
    this.#taskManagers = Array.from({ length: taskManagers }, (_, index) => taskManagerOf(id, index))
  }

  /** Task managers register by themselves, again and again. Of a node that may lead it resolves when somebody leads. */
  async #join(): Promise<void> {
    await this.#system.ready
    this.#state = await this.#host.openStore(this.#isDirector ? 'job-manager' : 'task-manager')
    this.#spawn()
    if (!this.#isDirector) return
    const awaitLeader: AwaitLeader = { type: 'await-leader' }
    await this.#system.ask(leadershipOf(this.#system.id), awaitLeader, LEADER).catch(refused)
  }

  #tell(news: NodeNews): void {
    const { clock, onNews } = this.#options
    clock.soon(() => onNews?.(news))
  }

  #spawn(): void {
    const state = this.#isDirector ? this.#state : undefined
    const director = state === undefined ? [] : [this.#leadershipSpec(state)]
    this.#system.spawn(
      NODE,
      new Supervisor({
        restarts: restartStrategyOf({ type: 'exponential-delay' }, this.#options.random),
        children: [...director, ...this.#taskManagers.map((_, index) => this.#taskManagerSpec(index))],
      }),
    )
  }

  #leadershipSpec(state: StateStore) {
    const { clock, random, logger, cluster } = this.#options
    const { heartbeatTimeoutMs = LIMITS.peerSilenceMs, slotRequestMs = LIMITS.slotRequestMs } = this.#options
    const store = new JobStore({ state, random, wallTime: () => clock.wallTime() })
    const { connectors } = this.#host
    const intake = new JobIntake({ store, planner: this.#host.planner(state), connectors })
    const runs = new Map<RunId, DirectedRun>()
    const isAlone = cluster === undefined
    const jobManager = (term: number) =>
      new JobManager({
        ...this.#facts(),
        term,
        own: this.#info,
        store,
        intake,
        connectors,
        clock,
        random,
        logger,
        heartbeatTimeoutMs,
        slotRequestMs,
        isAlone,
        rejoinMs: isAlone ? 0 : LIMITS.rejoinMs,
        ...(isAlone && { runs }),
      })
    return {
      id: LEADERSHIP,
      start: () =>
        new Leadership({
          ...this.#facts(),
          own: this.#info,
          system: this.#system.id,
          lease: isAlone ? undefined : state.lease,
          jobManager,
          takeName: () => this.#system.takeName(JOB_MANAGER_NAME),
          dropName: () => this.#system.dropName(JOB_MANAGER_NAME),
          logger,
          onNews: (news) => this.#tell(news),
        }),
      shutdownMs: Number.POSITIVE_INFINITY,
    }
  }

  #taskManagerSpec(index: number) {
    const { slots, cluster, meters = { fencedWrites: 0 } } = this.#options
    const isAlone = cluster === undefined
    const { node, name } = this.#info
    const own = index === 0 ? {} : { node: `${node}-${index}` as NodeId, name: `${name}-${index}` }
    return {
      id: taskManagerName(index),
      start: () =>
        new TaskManager({
          ...this.#facts(),
          info: { ...this.#info, ...own },
          slots,
          orphanMs: isAlone ? 0 : LIMITS.orphanMs,
          resourceManager: isAlone ? resourceManagerOf(this.#system.id) : LEADING_RESOURCE_MANAGER,
          threads: this.#host.threads,
          meters,
          onNews: (news) => this.#tell(news),
        }),
    }
  }

  /** What both roles tell of their process. */
  #facts() {
    const { clock } = this.#options
    return {
      wallTime: () => clock.wallTime(),
      residentBytes: () => this.#host.residentBytes(),
      tree: () => this.#system.tree(),
    }
  }

  /** Starts a new run. Rejects with what the submission is refused for. */
  submit(submission: JobSubmission): Promise<JobHandle> {
    return this.#jobs.submit(submission)
  }

  /** Goes on with the unended run of the job in that file; undefined when the state directory holds none. */
  resume(submission: JobSubmission): Promise<JobHandle | undefined> {
    return this.#jobs.resume(submission)
  }

  /** Ends the thread of one open slot as a crash would. False: none is open. */
  async crashSlot(): Promise<boolean> {
    const crash: CrashSlot = { type: 'crash-slot' }
    for (const taskManager of this.#taskManagers) {
      if (await this.#system.ask(taskManager, crash, SHORT)) return true
    }
    return false
  }

  /**
   * Makes ready to leave. A job manager has a checkpoint taken of each job that runs, so that little is read again if
   * nobody stands by. A task manager opens no slot any more, and waits until none is held: its jobs run elsewhere, or
   * wait for slots.
   */
  async drain(): Promise<void> {
    if (this.#isDirector) await this.#jobs.checkpointAll()
    const drain: DrainTaskManager = { type: 'drain' }
    await Promise.all(this.#taskManagers.map((taskManager) => this.#system.ask(taskManager, drain, DRAIN)))
  }

  /** Lets go of everything; jobs stay unended in their logs. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    // First whoever decides: else it would take the end of the task managers for a failure of its jobs.
    if (this.#isDirector) {
      const resign: Resign = { type: 'resign' }
      await this.#system.ask(leadershipOf(this.#system.id), resign, RESIGN).catch(() => undefined)
    }
    await this.#system.stop()
    await this.#letGo()
  }

  /** Ends at once: nobody is told. Resolves when no thread is left. */
  async kill(): Promise<void> {
    await this.#system.kill()
    await this.#host.threads.terminate()
    await this.#letGo()
  }

  async #letGo(): Promise<void> {
    await this.#state?.close()
    this.#host.release()
  }

  /** All actors of this thread as they are now. */
  tree(): ReturnType<ActorSystem['tree']> {
    return this.#system.tree()
  }
}

function infoOf(
  { labels = {}, protocol = PROTOCOL, clock }: NodeOptions,
  name: string,
  system: SystemId,
  { machine }: NodeHost,
): NodeInfo {
  return {
    node: `${name}-${shortIdOf(system)}` as NodeId,
    name,
    ...machine,
    version: version(),
    protocol,
    labels,
    startedAt: clock.wallTime(),
  }
}

function inThisProcess(options: NodeOptions): HostOf {
  const [state, nats] = [storeOf(options), linkOf(options)]
  const hasSlots = options.roles?.includes('task-manager') !== false
  const isProven = options.cluster !== undefined
  return (node: HostedNode) => new ProcessHost({ node, state, nats, isProven, hasSlots })
}

function linkOf({ cluster, nats, random }: NodeOptions): NatsLink | undefined {
  if (cluster !== undefined) return { options: cluster.nats, cluster: cluster.name, isForced: false }
  if (nats === undefined) return undefined
  return { options: { servers: [nats.servers] }, cluster: randomToken(random), isForced: true }
}

function storeOf({ stateDirectory, cluster }: NodeOptions): StateStoreConfig {
  if (stateDirectory !== undefined) return { kind: 'directory', directory: stateDirectory }
  assert(cluster !== undefined, 'a node without a cluster has a state directory')
  return { kind: 'jetstream', nats: cluster.nats, cluster: cluster.name }
}

/** What keeps a node from its cluster, as it was told. */
function refused(error: unknown): never {
  throw error instanceof AskError && error.failure.kind === 'failed' ? errorOf(error.failure.error) : error
}
