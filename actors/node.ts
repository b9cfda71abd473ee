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
import { temporaryFolder } from '#src/kit/temporary-folder.js'
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
import { endProcess, type NatsLink, transportsOf } from './transports.js'
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
  readonly #options: NodeOptions
  readonly #info: NodeInfo
  readonly #store: StateStoreConfig
  readonly #warnings: Warnings
  readonly #system: ActorSystem
  readonly #threads: WorkerSlotThreads
  /** Bundles that it has fetched. */
  readonly #bundles = temporaryFolder('retake-bundles-')
  readonly #isDirector: boolean
  /** Its own, or that of its cluster. */
  readonly #jobManager: ActorRef<JobManagerMessage>
  readonly #jobs: JobClient
  readonly #taskManagers: readonly ActorRef<TaskManagerMessage>[]
  /** Of its job manager. */
  #state: StateStore | undefined
  #stopping: Promise<void> | undefined

  /** Throws RT1301 and RT1302, RT1501 to RT1505, RT1518, RT1522 and RT1524: what keeps it from its cluster. */
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
    const id = randomToken(random) as SystemId
    const [nats, ports] = [linkOf(options), new MessagePortTransport()]
    this.#options = options
    this.#info = infoOf(options, id)
    this.#store = storeOf(options)
    this.#warnings = new Warnings(clock, (error) => this.#tell({ type: 'warning', error }))
    const { node, name } = this.#info
    const onWarning = (error: RetakeError) => this.#warnings.onWarning(errorInfoOf(error))
    this.id = node
    this.#system = new ActorSystem({
      id,
      clock,
      random,
      logger,
      ...transportsOf({ ports, nats, name, logger, onFatal, onWarning }),
      limits: { peerSilenceMs: options.heartbeatTimeoutMs ?? LIMITS.peerSilenceMs },
    })
    this.#threads = new WorkerSlotThreads({
      system: id,
      transport: ports,
      clock,
      random,
      logger,
      environment: { name, state: this.#store, bundles: this.#bundles.path, nats },
      onWarning: (error) => this.#warnings.onWarning(error),
    })
    this.#isDirector = roles.includes('job-manager')
    this.#jobManager = this.#isDirector ? jobManagerOf(id) : LEADING_JOB_MANAGER
    this.#jobs = new JobClient(this.#system, this.#jobManager)
    const taskManagers = roles.includes('task-manager') ? (options.taskManagers ?? 1) : 0
    this.#taskManagers = Array.from({ length: taskManagers }, (_, index) => taskManagerOf(id, index))
  }

  /** Task managers register by themselves, again and again; whoever directs is there when this resolves. */
  async #join(): Promise<void> {
    const { cluster } = this.#options
    await this.#system.ready
    if (this.#isDirector && cluster !== undefined) await refuseSecond(this.#system, this.#info)
    this.#state = await this.#openStore()
    this.#spawn()
    if (!this.#isDirector) return
    const patience = { timeoutMs: SHORT.timeoutMs, repeatMs: 10 }
    await this.#system.ask(resourceManagerOf(this.#system.id), DESCRIBE, patience)
    if (cluster !== undefined) await this.#system.takeName(JOB_MANAGER_NAME)
  }

  #openStore(): Promise<StateStore | undefined> {
    const { clock, random, logger, cluster, onFatal = endProcess } = this.#options
    const surroundings = { name: this.#info.name, clock, random, logger, onEnded: onFatal }
    if (cluster === undefined) return openStateStore(this.#store, surroundings)
    return provenStore({
      ...surroundings,
      config: this.#store,
      user: this.#isDirector ? 'job-manager' : 'task-manager',
      onWaiting: (reason) => this.#tell({ type: 'waiting', reason }),
      onWarning: (error) => this.#warnings.onWarning(errorInfoOf(error)),
    })
  }

  #tell(news: TaskManagerNews): void {
    const { clock, onNews } = this.#options
    clock.soon(() => onNews?.(news))
  }

  #spawn(): void {
    const director = this.#state === undefined ? [] : [this.#jobManagerSpec(this.#state)]
    this.#system.spawn(
      NODE,
      new Supervisor({
        strategy: 'rest-for-one',
        restarts: restartStrategyOf({ type: 'exponential-delay' }, this.#options.random),
        children: [...director, ...this.#taskManagers.map((_, index) => this.#taskManagerSpec(index))],
      }),
    )
  }

  #jobManagerSpec(state: StateStore) {
    const { clock, random, logger, cluster } = this.#options
    const { heartbeatTimeoutMs = LIMITS.peerSilenceMs, slotRequestMs = LIMITS.slotRequestMs } = this.#options
    const store = new JobStore({ state, random, wallTime: () => clock.wallTime() })
    const bundles = new BundleCache({ directory: this.#bundles.path, documents: state.documents })
    const intake = new JobIntake({ store, bundles, clock })
    const runs = new Map<RunId, DirectedRun>()
    return {
      id: JOB_MANAGER,
      start: () =>
        new JobManager({
          ...this.#facts(),
          own: this.#info,
          store,
          intake,
          clock,
          random,
          logger,
          heartbeatTimeoutMs,
          slotRequestMs,
          runs,
          recovers: cluster !== undefined,
        }),
      shutdownMs: Number.POSITIVE_INFINITY,
    }
  }

  #taskManagerSpec(index: number) {
    const { slots, meters = { fencedWrites: 0 } } = this.#options
    const { node, name } = this.#info
    const own = index === 0 ? {} : { node: `${node}-${index}` as NodeId, name: `${name}-${index}` }
    return {
      id: taskManagerName(index),
      start: () =>
        new TaskManager({
          ...this.#facts(),
          info: { ...this.#info, ...own },
          slots,
          resourceManager: this.#isDirector ? resourceManagerOf(this.#system.id) : LEADING_RESOURCE_MANAGER,
          threads: this.#threads,
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
      residentBytes: () => process.memoryUsage.rss(),
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
   * Makes ready to leave. A task manager opens no slot any more, and waits until none is held: its jobs run elsewhere, or
   * wait for slots. A job manager takes a checkpoint of each job that runs, so that little is read again when one goes on
   * with it.
   */
  async drain(): Promise<void> {
    if (this.#isDirector) return this.#jobs.checkpointAll()
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
    if (this.#isDirector) await this.#stopped(JOB_MANAGER, this.#jobManager)
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

function storeOf({ stateDirectory, cluster }: NodeOptions): StateStoreConfig {
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
