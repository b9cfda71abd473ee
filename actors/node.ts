import { availableParallelism, hostname, totalmem } from 'node:os'
import type { ActorRef } from '#src/actor/actor.js'
import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { Supervisor } from '#src/actor/supervisor.js'
import { ActorSystem } from '#src/actor/system.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import type { NatsOptions } from '#src/actor/transport/nats-client.js'
import { BundleCache } from '#src/cluster/bundle-cache.js'
import { JobStore } from '#src/cluster/job-store.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { openStateStore, type StateStoreConfig } from '#src/cluster/open-state-store.js'
import { JOB_MANAGER_NAME, PROTOCOL } from '#src/cluster/protocol.js'
import type { StateStore } from '#src/cluster/state-store.js'
import { assert } from '#src/kit/assert.js'
import type { Clock } from '#src/kit/clock.js'
import { errorInfoOf, RetakeError } from '#src/kit/errors.js'
import type { NodeId, RunId, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import { type Random, randomToken } from '#src/kit/random.js'
import { type TemporaryFolder, temporaryFolder } from '#src/kit/temporary-folder.js'
import { version } from '#src/kit/version.js'
import type { NodeRole, NodeStatus } from './cluster-view.js'
import { JobClient, type JobHandle } from './job-client.js'
import { JobIntake } from './job-intake.js'
import { type DirectedRun, JobManager, type JobManagerMessage } from './job-manager.js'
import type { JobSubmission } from './job-order.js'
import { provenStore } from './proven-store.js'
import type { DescribeNodes } from './resource-manager.js'
import {
  JOB_MANAGER,
  jobManagerOf,
  LEADING_JOB_MANAGER,
  LEADING_RESOURCE_MANAGER,
  NODE,
  nodeOf,
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
import { type NatsLink, transportsOf } from './transports.js'
import { Warnings } from './warnings.js'
import { WorkerSlotThreads } from './worker-slot-threads.js'

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
  readonly onNews?: (news: TaskManagerNews) => void
  /** What it says of its protocol, for tests; that of this build unless said. */
  readonly protocol?: number
  /** The link to NATS has ended for good. Default: the process ends with the error. */
  readonly onFatal?: (error: RetakeError) => void
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

const SHORT = { timeoutMs: 10_000 }
/** Whoever drains a node decides himself when it takes too long. */
const DRAIN = { timeoutMs: 24 * 60 * 60_000 }
const DESCRIBE: DescribeNodes = { type: 'describe' }

/**
 * One incarnation of a process that hosts actors; with both roles the whole cast:
 *
 *     node                    starts its children again, the ones after a failed one too
 *     ├─ job-manager          ├─ resource-manager, job masters and their coordinators
 *     └─ task-manager-0 …     └─ slots, each in a thread of its own
 */
export class Node {
  readonly id: NodeId
  readonly #system: ActorSystem
  readonly #threads: WorkerSlotThreads
  /** Bundles that it has fetched. */
  readonly #bundles: TemporaryFolder
  /** Of the job manager. */
  readonly #state: StateStore | undefined
  /** Its own, or that of its cluster. */
  readonly #jobManager: ActorRef<JobManagerMessage>
  readonly #jobs: JobClient
  readonly #taskManagers: readonly ActorRef<TaskManagerMessage>[]
  #stopping: Promise<void> | undefined

  private constructor(parts: {
    readonly id: NodeId
    readonly system: ActorSystem
    readonly threads: WorkerSlotThreads
    readonly bundles: TemporaryFolder
    readonly state: StateStore | undefined
    readonly taskManagers: number
  }) {
    this.id = parts.id
    this.#system = parts.system
    this.#threads = parts.threads
    this.#bundles = parts.bundles
    this.#state = parts.state
    const { id } = parts.system
    this.#jobManager = parts.state === undefined ? LEADING_JOB_MANAGER : jobManagerOf(id)
    this.#jobs = new JobClient(parts.system, this.#jobManager)
    this.#taskManagers = Array.from({ length: parts.taskManagers }, (_, index) => taskManagerOf(id, index))
  }

  /** Throws RT1301 and RT1302, RT1501 to RT1505, RT1518, RT1522 and RT1524: what keeps it from its cluster. */
  static async start(options: NodeOptions): Promise<Node> {
    const { clock, random, logger, cluster, roles = ['job-manager', 'task-manager'] } = options
    const systemId = randomToken(random) as SystemId
    const info = infoOf(options, systemId)
    const nats = linkOf(options)
    const ports = new MessagePortTransport()
    const state = stateOf(options)
    const onFatal = options.onFatal ?? endProcess
    const { onNews = () => {} } = options
    const tell = (news: TaskManagerNews) => clock.soon(() => onNews(news))
    const warnings = new Warnings(clock, (error) => tell({ type: 'warning', error }))
    const onWarning = (error: RetakeError) => warnings.onWarning(errorInfoOf(error))
    const system = new ActorSystem({
      id: systemId,
      clock,
      random,
      logger,
      ...transportsOf({ ports, nats, name: info.name, logger, onFatal, onWarning }),
      limits: { peerSilenceMs: options.heartbeatTimeoutMs ?? LIMITS.peerSilenceMs },
    })
    const isDirector = roles.includes('job-manager')
    let store: StateStore | undefined
    try {
      await system.ready
      if (isDirector && cluster !== undefined) await refuseSecond(system, info)
      const surroundings = { name: info.name, clock, random, logger }
      const user = isDirector ? 'job-manager' : 'task-manager'
      const onWaiting = (reason: string) => tell({ type: 'waiting', reason })
      store =
        cluster === undefined
          ? await openStateStore(state, surroundings)
          : await provenStore({ ...surroundings, config: state, user, onWaiting, onWarning })
    } catch (error) {
      await system.kill()
      throw error
    }
    const bundles = await temporaryFolder('retake-bundles-')
    const threads = new WorkerSlotThreads({
      system: systemId,
      transport: ports,
      clock,
      random,
      logger,
      environment: { name: info.name, state, bundles: bundles.path, nats },
      onWarning: (error) => warnings.onWarning(error),
    })
    const taskManagers = roles.includes('task-manager') ? (options.taskManagers ?? 1) : 0
    const node = new Node({ id: info.node, system, threads, bundles, state: store, taskManagers })
    node.#spawn(options, info, store)
    if (store === undefined) return node
    try {
      await system.ask(resourceManagerOf(systemId), DESCRIBE, {
        timeoutMs: SHORT.timeoutMs,
        repeatMs: 10,
      })
      if (cluster !== undefined) await system.takeName(JOB_MANAGER_NAME)
      return node
    } catch (error) {
      await node.kill()
      throw error
    }
  }

  #spawn(options: NodeOptions, info: NodeInfo, state: StateStore | undefined): void {
    const { clock, random, slots } = options
    const { meters = { fencedWrites: 0 }, onNews = () => {} } = options
    const own = { wallTime: () => clock.wallTime(), residentBytes: () => process.memoryUsage.rss() }
    const director = state === undefined ? [] : [this.#jobManagerOf(options, info, state)]
    const resourceManager =
      state === undefined ? LEADING_RESOURCE_MANAGER : resourceManagerOf(this.#system.id)
    this.#system.spawn(
      NODE,
      new Supervisor({
        strategy: 'rest-for-one',
        restarts: restartStrategyOf({ type: 'exponential-delay' }, random),
        children: [
          ...director,
          ...this.#taskManagers.map((_, index) => ({
            id: taskManagerName(index),
            start: () =>
              new TaskManager({
                info:
                  index === 0
                    ? info
                    : { ...info, node: `${info.node}-${index}` as NodeId, name: `${info.name}-${index}` },
                slots,
                resourceManager,
                threads: this.#threads,
                meters,
                ...own,
                tree: () => this.#system.tree(),
                onNews: (news) => clock.soon(() => onNews(news)),
              }),
          })),
        ],
      }),
    )
  }

  #jobManagerOf(options: NodeOptions, own: NodeInfo, state: StateStore) {
    const { clock, random, logger, cluster } = options
    const { heartbeatTimeoutMs = LIMITS.peerSilenceMs, slotRequestMs = LIMITS.slotRequestMs } = options
    const wallTime = () => clock.wallTime()
    const store = new JobStore({ state, random, wallTime })
    const cache = new BundleCache({ directory: this.#bundles.path, documents: state.documents })
    const intake = new JobIntake({ store, bundles: cache, clock })
    const runs = new Map<RunId, DirectedRun>()
    return {
      id: JOB_MANAGER,
      start: () =>
        new JobManager({
          own,
          store,
          intake,
          clock,
          random,
          logger,
          wallTime,
          heartbeatTimeoutMs,
          slotRequestMs,
          runs,
          residentBytes: () => process.memoryUsage.rss(),
          tree: () => this.#system.tree(),
          recovers: cluster !== undefined,
        }),
      shutdownMs: Number.POSITIVE_INFINITY,
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
   * Makes ready to leave. A task manager opens no slot any more, and waits until none is held: its jobs run elsewhere, or
   * wait for slots. A job manager takes a checkpoint of each job that runs, so that little is read again when one goes on
   * with it.
   */
  async drain(): Promise<void> {
    if (this.#state !== undefined) return this.#jobs.checkpointAll()
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
    if (this.#state !== undefined) await this.#stopped(JOB_MANAGER, this.#jobManager)
    await this.#system.stop()
    await this.#letGo()
  }

  /** Ends at once: nobody is told. Resolves when no thread is left. */
  async kill(): Promise<void> {
    await this.#system.kill()
    await this.#threads.terminate()
    await this.#letGo()
  }

  async #letGo(): Promise<void> {
    await this.#state?.close()
    this.#bundles.release()
  }

  /** All actors of this thread as they are now. */
  tree(): ReturnType<ActorSystem['tree']> {
    return this.#system.tree()
  }

  /** Has the supervisor stop a child, and resolves when that has ended. */
  #stopped(id: string, child: ActorRef<JobManagerMessage>): Promise<void> {
    return new Promise((resolve) => {
      this.#system.spawn<'ended'>(`stopping-${id}`, {
        start: (ctx) => {
          ctx.watch(child, () => 'ended')
          ctx.send(nodeOf(this.#system.id), { type: 'stop-child', id })
        },
        receive: (_, ctx) => {
          resolve()
          ctx.exit()
        },
      })
    })
  }
}

function infoOf(
  { name = hostname(), labels = {}, protocol = PROTOCOL, clock }: NodeOptions,
  system: SystemId,
): NodeInfo {
  return {
    node: `${name}-${system}` as NodeId,
    name,
    host: hostname(),
    pid: process.pid,
    version: version(),
    protocol,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    labels,
    startedAt: clock.wallTime(),
  }
}

function linkOf({ cluster, nats, random }: NodeOptions): NatsLink | undefined {
  if (cluster !== undefined) return { options: cluster.nats, cluster: cluster.name, isForced: false }
  if (nats === undefined) return undefined
  return { options: { servers: [nats.servers] }, cluster: randomToken(random), isForced: true }
}

function stateOf({ stateDirectory, cluster }: NodeOptions): StateStoreConfig {
  if (stateDirectory !== undefined) return { kind: 'directory', directory: stateDirectory }
  assert(cluster !== undefined, 'a node without a cluster has a state directory')
  return { kind: 'jetstream', nats: cluster.nats, cluster: cluster.name }
}

/** One job manager leads a cluster. One that does not answer is dead, or will find its jobs' logs taken over. */
async function refuseSecond(system: ActorSystem, own: NodeInfo): Promise<void> {
  const nodes = await system
    .ask(LEADING_RESOURCE_MANAGER, DESCRIBE, { timeoutMs: LIMITS.namesakeMs })
    .catch((): readonly NodeStatus[] => [])
  const [leader] = nodes
  if (leader === undefined) return
  throw new RetakeError('RT1522', {
    what: `${leader.name} is the job manager of this cluster already`,
    why: `it runs on ${leader.host} as process ${leader.pid}, and this one on ${own.host} as process ${own.pid}`,
    fix: 'start this node with --role task-manager, or stop the other first',
    where: leader.name,
  })
}

function endProcess(error: RetakeError): never {
  throw error
}
