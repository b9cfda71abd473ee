import {
  type Actor,
  type ActorContext,
  type ActorRef,
  type Asks,
  type ExitReason,
  isAbnormal,
  type Outcome,
  type ReplyTo,
} from '#src/actor/actor.js'
import { addressBelow } from '#src/actor/address.js'
import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { type Step, Supervision } from '#src/actor/supervision.js'
import type { JobStore } from '#src/cluster/job-store.js'
import type { LogState } from '#src/cluster/log-entry.js'
import { loadConnectors } from '#src/connector/built-in.js'
import type { Connectors } from '#src/connector/registry.js'
import { connectorNamesOf, type JobPlan } from '#src/graph/job-plan.js'
import { assertNever } from '#src/kit/assert.js'
import type { Clock } from '#src/kit/clock.js'
import { errorInfoOf } from '#src/kit/errors.js'
import type { NodeId, RunId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { JobEvent } from './job-event.js'
import type { JobIntake, JobSubmission, PreparedRun } from './job-intake.js'
import { JobMaster, type JobMasterMessage } from './job-master.js'
import { ResourceManager } from './resource-manager.js'

/** What a job manager hears, and from whom. */
export type JobManagerMessage =
  // whoever submits, or watches
  | SubmitJob
  | FollowRun
  // its own steps
  | {
      readonly type: 'prepared'
      readonly asker: ReplyTo<unknown>
      readonly outcome: Outcome<DirectedRun | undefined>
    }
  | {
      readonly type: 'state-read'
      readonly run: RunId
      readonly follower: ActorRef<JobEvent>
      readonly outcome: Outcome<LogState | undefined>
    }
  // its job masters
  | { readonly type: 'job-master-ended'; readonly run: RunId; readonly reason: ExitReason }
  | { readonly type: 'restart-due' }

/** 'resume' goes on with the unended run of the job, and is answered with undefined when there is none. */
export type SubmitJob = { readonly type: 'submit' | 'resume'; readonly submission: JobSubmission } & Asks<
  JobAccepted | undefined
>

/** Every event of `run` goes to `follower` from now on, whichever job master directs it. */
export interface FollowRun {
  readonly type: 'follow'
  readonly run: RunId
  readonly follower: ActorRef<JobEvent>
}

export interface JobAccepted {
  readonly run: RunId
  readonly plan: JobPlan
  readonly jobMaster: ActorRef<JobMasterMessage>
}

/** A prepared run, with the connectors that its coordinators need. */
export interface DirectedRun extends PreparedRun {
  readonly connectors: Connectors
  /** A job master that is started again would know none of them. */
  readonly followers: ActorRef<JobEvent>[]
}

export interface JobManagerOptions {
  readonly node: NodeId
  readonly store: JobStore
  readonly intake: JobIntake
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** How long its jobs wait for slots. */
  readonly slotRequestMs: number
  /** Outlives it: a job manager that is started again directs the same runs again. */
  readonly runs?: Map<RunId, DirectedRun>
}

/** Under this name a job manager spawns its resource manager. */
export const RESOURCE_MANAGER = 'resource-manager'

/**
 * The director: takes submissions, and gives each run a job master. A job master that crashes is started again after a
 * growing delay; it takes its job over from the log, under a new epoch.
 */
export class JobManager implements Actor<JobManagerMessage> {
  readonly #options: JobManagerOptions
  readonly #runs: Map<RunId, DirectedRun>
  readonly #supervision: Supervision<RunId, ExitReason>
  #ctx!: ActorContext<JobManagerMessage>
  #resourceManager!: ActorRef<Parameters<ResourceManager['receive']>[0]>

  constructor(options: JobManagerOptions) {
    this.#options = options
    this.#runs = options.runs ?? new Map()
    this.#supervision = new Supervision({
      strategy: 'one-for-one',
      restarts: restartStrategyOf({ type: 'exponential-delay' }, options.random),
      children: [],
    })
  }

  start(ctx: ActorContext<JobManagerMessage>): void {
    this.#ctx = ctx
    this.#resourceManager = ctx.spawn(RESOURCE_MANAGER, new ResourceManager())
    this.#supervision.begin(ctx.now())
    for (const run of this.#runs.keys())
      this.#carryOut(this.#supervision.addChild({ id: run, restart: 'transient' }, ctx.now()))
  }

  receive(message: JobManagerMessage, ctx: ActorContext<JobManagerMessage>): void {
    switch (message.type) {
      case 'submit':
      case 'resume': {
        const { asker } = ctx
        if (asker === undefined) return
        ctx.pipeToSelf(this.#prepare(message.type, message.submission), (outcome) => ({
          type: 'prepared',
          asker,
          outcome,
        }))
        return
      }
      case 'prepared':
        return this.#onPrepared(message.asker, message.outcome)
      case 'follow':
        return this.#onFollower(message.run, message.follower)
      case 'state-read':
        return this.#tellState(message.run, message.follower, message.outcome)
      case 'job-master-ended':
        return this.#onJobMasterEnded(message.run, message.reason)
      case 'restart-due':
        return this.#carryOut(this.#supervision.onTick(ctx.now()))
      default:
        assertNever(message)
    }
  }

  async #prepare(how: 'submit' | 'resume', submission: JobSubmission): Promise<DirectedRun | undefined> {
    const prepared = await this.#options.intake[how](submission)
    if (prepared === undefined) return undefined
    return { ...prepared, connectors: await loadConnectors(connectorNamesOf(prepared.plan)), followers: [] }
  }

  #onPrepared(asker: ReplyTo<unknown>, outcome: Outcome<DirectedRun | undefined>): void {
    if (!outcome.ok) return this.#ctx.replyTo(asker, { ok: false, error: errorInfoOf(outcome.error) })
    const prepared = outcome.value
    if (prepared === undefined) return this.#ctx.replyTo(asker, { ok: true, value: undefined })
    const { run } = prepared
    // Who resumes a run that is directed here already gets that one.
    const plan = (this.#runs.get(run) ?? prepared).plan
    if (!this.#runs.has(run)) {
      this.#runs.set(run, prepared)
      this.#carryOut(this.#supervision.addChild({ id: run, restart: 'transient' }, this.#ctx.now()))
    }
    const accepted: JobAccepted = { run, plan, jobMaster: this.#jobMasterOf(run) }
    this.#ctx.replyTo(asker, { ok: true, value: accepted })
  }

  #onJobMasterEnded(run: RunId, reason: ExitReason): void {
    const how = isAbnormal(reason) ? 'abnormal' : 'normal'
    if (how === 'abnormal') this.#options.logger.error({ run, reason }, 'a job master ended')
    this.#carryOut(this.#supervision.onEnded(run, how, reason, this.#ctx.now()))
    if (how === 'abnormal') return
    this.#runs.delete(run)
    this.#supervision.removeChild(run)
  }

  // For whoever watches.

  #onFollower(run: RunId, follower: ActorRef<JobEvent>): void {
    const directed = this.#runs.get(run)
    if (directed !== undefined) {
      directed.followers.push(follower)
      return this.#ctx.send(this.#jobMasterOf(run), { type: 'follow', follower })
    }
    // Nobody directs it here (any more): its log says what became of it.
    this.#ctx.pipeToSelf(this.#options.store.state(run), (outcome) => ({
      type: 'state-read',
      run,
      follower,
      outcome,
    }))
  }

  #tellState(run: RunId, follower: ActorRef<JobEvent>, outcome: Outcome<LogState | undefined>): void {
    const state = outcome.ok ? outcome.value : undefined
    const ended = state?.ended
    this.#ctx.send(
      follower,
      ended === undefined
        ? { type: 'status', run, status: 'SUSPENDED', reason: 'it is not directed here' }
        : {
            type: 'ended',
            run,
            outcome: ended.outcome,
            error: ended.error,
            checkpoint: state?.retained.at(-1)?.checkpoint,
          },
    )
  }

  // Job masters.

  #carryOut(steps: readonly Step<RunId, ExitReason>[]): void {
    for (const step of steps) {
      switch (step.do) {
        case 'start':
          this.#direct(step.id)
          break
        case 'wake':
          this.#ctx.after('restart', step.atMs - this.#ctx.now(), { type: 'restart-due' })
          break
        case 'stop':
        case 'end':
          break
        default:
          assertNever(step)
      }
    }
  }

  #direct(run: RunId): void {
    const directed = this.#runs.get(run)
    if (directed === undefined) return
    const { followers, ...prepared } = directed
    const { node, store, clock, random, logger, slotRequestMs } = this.#options
    const jobMaster = new JobMaster({
      ...prepared,
      node,
      log: store.log(run),
      blobs: store.blobs,
      resourceManager: this.#resourceManager,
      clock,
      random,
      logger: logger.with({ run, job: prepared.plan.name }),
      slotRequestMs,
    })
    const ref = this.#ctx.spawn(nameOf(run), jobMaster, {
      onExit: (reason) => ({ type: 'job-master-ended', run, reason }),
    })
    for (const follower of followers) this.#ctx.send(ref, { type: 'follow', follower })
    this.#supervision.onStarted(run, this.#ctx.now())
  }

  #jobMasterOf(run: RunId): ActorRef<JobMasterMessage> {
    return { address: addressBelow(this.#ctx.self.address, nameOf(run)) }
  }
}

function nameOf(run: RunId): string {
  return `job-${run}`
}
