import { availableParallelism, hostname, totalmem } from 'node:os'
import type { ActorRef } from '#src/actor/actor.js'
import { addressBelow } from '#src/actor/address.js'
import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { Supervisor, type SupervisorMessage, supervisedRef } from '#src/actor/supervisor.js'
import { ActorSystem, AskError } from '#src/actor/system.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { JobStore } from '#src/cluster/job-store.js'
import type { Outcome } from '#src/cluster/log-entry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import type { Clock } from '#src/kit/clock.js'
import { type ErrorInfo, errorOf, RetakeError } from '#src/kit/errors.js'
import type { CheckpointId, NodeId, RunId, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import { type Random, randomToken } from '#src/kit/random.js'
import type { JobEvent } from './job-event.js'
import { JobIntake, type JobSubmission } from './job-intake.js'
import {
  type DirectedRun,
  type JobAccepted,
  JobManager,
  RESOURCE_MANAGER,
  type SubmitJob,
} from './job-manager.js'
import type { CancelJob, TakeCheckpoint } from './job-master.js'
import type { DescribeSlots, ResourceManagerMessage } from './resource-manager.js'
import { type CrashSlot, TaskManager, type TaskManagerMessage } from './task-manager.js'
import { transportsOf } from './transports.js'
import { WorkerSlotThreads } from './worker-slot-threads.js'

export type { JobSubmission } from './job-intake.js'

export interface NodeOptions {
  /** Logs, parts, bundles and manifests are kept here; what an earlier process left is gone on with. */
  readonly stateDirectory: string
  /** Of each task manager. */
  readonly slots: number
  /** Default 1. */
  readonly taskManagers?: number
  /** Forces every message over this NATS, for tests and for measuring. */
  readonly nats?: { readonly servers: string } | undefined
  /** Jobs wait this long for slots, then fail; 5 minutes unless said. */
  readonly slotRequestMs?: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A run that a node directs. */
export interface JobHandle {
  readonly run: RunId
  readonly plan: JobPlan
  /** Hears everything from now on, the current status first. */
  follow(listener: (event: JobEvent) => void): void
  cancel(): Promise<void>
  /** Resolves when it is complete, or has failed; says which. */
  checkpointNow(): Promise<CheckpointRecord>
  /** Rejects with RT1513 when another node takes the run over. */
  readonly ended: Promise<JobEnd>
}

export interface JobEnd {
  readonly outcome: Outcome
  readonly error: ErrorInfo | undefined
  /** The newest complete checkpoint: what a later run may start from. */
  readonly checkpoint: CheckpointId | undefined
}

/** A submission may have to bundle, plan, and read a checkpoint. */
const SUBMIT = { timeoutMs: 120_000 }
const SHORT = { timeoutMs: 10_000 }
const DESCRIBE: DescribeSlots = { type: 'describe' }

/**
 * One process that hosts the whole cast:
 *
 *     node                    starts its children again, the ones after a failed one too
 *     ├─ job-manager          ├─ resource-manager, job masters and their coordinators
 *     └─ task-manager-0 …     └─ slots, each in a thread of its own
 */
export class Node {
  readonly #system: ActorSystem
  readonly #root: ActorRef<SupervisorMessage>
  readonly #jobManager: ActorRef<Parameters<JobManager['receive']>[0]>
  readonly #resourceManager: ActorRef<ResourceManagerMessage>
  readonly #taskManagers: readonly ActorRef<TaskManagerMessage>[]
  #listeners = 0
  #stopping: Promise<void> | undefined

  private constructor(system: ActorSystem, taskManagers: number) {
    this.#system = system
    this.#root = { address: addressBelow(system.id, 'node') }
    this.#jobManager = supervisedRef(this.#root, 'job-manager')
    this.#resourceManager = { address: addressBelow(this.#jobManager.address, RESOURCE_MANAGER) }
    this.#taskManagers = Array.from({ length: taskManagers }, (_, index) =>
      supervisedRef(this.#root, `task-manager-${index}`),
    )
  }

  static async start(options: NodeOptions): Promise<Node> {
    const { clock, random, logger, slots, taskManagers = 1, slotRequestMs = LIMITS.slotRequestMs } = options
    const store = new JobStore({
      directory: options.stateDirectory,
      random,
      wallTime: () => clock.wallTime(),
    })
    const nats = options.nats === undefined ? undefined : { ...options.nats, cluster: randomToken(random) }
    const ports = new MessagePortTransport()
    const id = randomToken(random) as SystemId
    const system = new ActorSystem({ id, clock, random, logger, ...transportsOf(ports, nats, logger) })
    await system.ready
    const threads = new WorkerSlotThreads({
      system: id,
      transport: ports,
      clock,
      random,
      logger,
      environment: { blobs: store.blobDirectory, nats },
    })
    const node = new Node(system, taskManagers)
    const name = `${hostname()}-${id}` as NodeId
    const runs = new Map<RunId, DirectedRun>()
    system.spawn(
      'node',
      new Supervisor({
        strategy: 'rest-for-one',
        restarts: restartStrategyOf({ type: 'exponential-delay' }, random),
        children: [
          {
            id: 'job-manager',
            start: () =>
              new JobManager({
                node: name,
                store,
                intake: new JobIntake(store, clock),
                clock,
                random,
                logger,
                slotRequestMs,
                runs,
              }),
            shutdownMs: Number.POSITIVE_INFINITY,
          },
          ...node.#taskManagers.map((_, index) => ({
            id: `task-manager-${index}`,
            start: () =>
              new TaskManager({
                node: `${name}-${index}` as NodeId,
                slots,
                cpus: availableParallelism(),
                memoryBytes: totalmem(),
                resourceManager: node.#resourceManager,
                threads,
              }),
          })),
        ],
      }),
    )
    await system.ask(node.#resourceManager, DESCRIBE, { timeoutMs: SHORT.timeoutMs, repeatMs: 10 })
    return node
  }

  /** Starts a new run. Rejects with what the submission is refused for. */
  async submit(submission: JobSubmission): Promise<JobHandle> {
    const accepted = await this.#submit({ type: 'submit', submission })
    return this.#handle(accepted as JobAccepted)
  }

  /** Goes on with the unended run of the job in that file; undefined when the state directory holds none. */
  async resume(submission: JobSubmission): Promise<JobHandle | undefined> {
    const accepted = await this.#submit({ type: 'resume', submission })
    return accepted === undefined ? undefined : this.#handle(accepted)
  }

  /** Ends the thread of one open slot as a crash would. False: none is open. */
  async crashSlot(): Promise<boolean> {
    const crash: CrashSlot = { type: 'crash-slot' }
    for (const taskManager of this.#taskManagers) {
      if (await this.#system.ask(taskManager, crash, SHORT)) return true
    }
    return false
  }

  /** Lets go of everything; jobs stay unended in their logs. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    // First whoever decides: else it would take the end of the task managers for a failure of its jobs.
    await this.#stopped('job-manager', this.#jobManager)
    await this.#system.stop()
  }

  /** All actors of this thread as they are now. */
  tree(): ReturnType<ActorSystem['tree']> {
    return this.#system.tree()
  }

  /** Has the supervisor stop a child, and resolves when that has ended. */
  #stopped(id: string, child: ActorRef<never>): Promise<void> {
    return new Promise((resolve) => {
      this.#system.spawn<'ended'>(`stopping-${id}`, {
        start: (ctx) => {
          ctx.watch(child, () => 'ended')
          ctx.send(this.#root, { type: 'stop-child', id })
        },
        receive: (_, ctx) => {
          resolve()
          ctx.exit()
        },
      })
    })
  }

  async #submit(question: SubmitJob): Promise<JobAccepted | undefined> {
    try {
      return await this.#system.ask(this.#jobManager, question, SUBMIT)
    } catch (error) {
      if (error instanceof AskError && error.failure.kind === 'failed') throw errorOf(error.failure.error)
      throw error
    }
  }

  #handle({ run, plan, jobMaster }: JobAccepted): JobHandle {
    const follow = (listener: (event: JobEvent) => void) => this.#follow(run, listener)
    const ended = new Promise<JobEnd>((resolve, reject) => {
      follow((event) => {
        if (event.type === 'status' && event.status === 'SUSPENDED') reject(directedElsewhere(run))
        if (event.type !== 'ended') return
        resolve({ outcome: event.outcome, error: event.error, checkpoint: event.checkpoint })
      })
    })
    ended.catch(() => undefined) // heard by whoever awaits it
    const cancel: CancelJob = { type: 'cancel' }
    const checkpoint: TakeCheckpoint = { type: 'checkpoint-now' }
    return {
      run,
      plan,
      follow,
      ended,
      cancel: async () => void (await this.#system.ask(jobMaster, cancel, SHORT)),
      checkpointNow: () => this.#system.ask(jobMaster, checkpoint, SUBMIT),
    }
  }

  #follow(run: RunId, listener: (event: JobEvent) => void): void {
    const follower = this.#system.spawn<JobEvent>(`follower-${this.#listeners++}`, {
      receive(event, ctx) {
        listener(event)
        if (event.type === 'ended') ctx.exit()
      },
    })
    this.#system.send(this.#jobManager, { type: 'follow', run, follower })
  }
}

function directedElsewhere(run: RunId): RetakeError {
  return new RetakeError('RT1513', {
    what: `this node no longer directs run ${run}`,
    why: 'another node has taken it over, and goes on from its newest checkpoint',
    fix: 'nothing if it was on purpose: follow the run there; else end one of the two nodes',
  })
}
