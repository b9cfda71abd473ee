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
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { type Step, Supervision } from '#src/actor/supervision.js'
import { type BundlePiece, BundleUploads, type UploadedBundle } from '#src/cluster/bundle-upload.js'
import type { JobStore, RunRecord } from '#src/cluster/job-store.js'
import type { LogState } from '#src/cluster/log-entry.js'
import type { RunHistory } from '#src/cluster/run-history.js'
import type { ConnectorLoader, Connectors } from '#src/connector/registry.js'
import { connectorNamesOf, type JobPlan } from '#src/graph/job-plan.js'
import { assertNever } from '#src/kit/assert.js'
import type { Clock } from '#src/kit/clock.js'
import { type ErrorInfo, errorInfoOf, isCurable } from '#src/kit/errors.js'
import type { RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import { FrontDesk } from './front-desk.js'
import type { JobEvent } from './job-event.js'
import type { JobIntake, PreparedRun, RunDraft } from './job-intake.js'
import { JobMaster, type LedElsewhere } from './job-master.js'
import type { JobOrder } from './job-order.js'
import { ResourceManager, type ResourceManagerOptions } from './resource-manager.js'
import { FRONT_DESK, jobMasterName, jobMasterOf, RESOURCE_MANAGER } from './role-addresses.js'

/** What a job manager hears, and from whom. */
export type JobManagerMessage =
  // whoever submits, or watches
  | SubmitJob
  | UploadBundle
  | FollowRun
  | ListRuns
  // its own steps
  | { readonly type: 'front-desk-ended' }
  | { readonly type: 'recover' }
  | { readonly type: 'runs-found'; readonly outcome: Outcome<readonly RunRecord[]> }
  | {
      readonly type: 'recovered'
      readonly record: RunRecord
      readonly outcome: Outcome<DirectedRun | undefined>
    }
  | { readonly type: 'drafted'; readonly asker: ReplyTo<unknown>; readonly outcome: Outcome<RunDraft> }
  | { readonly type: 'bundle-kept'; readonly asker: ReplyTo<unknown>; readonly outcome: Outcome<void> }
  | {
      readonly type: 'runs-read'
      readonly asker: ReplyTo<unknown>
      readonly outcome: Outcome<readonly KnownRun[]>
    }
  | { readonly type: 'follower-ended'; readonly follower: ActorRef<JobEvent> }
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
  | LedElsewhere
  | { readonly type: 'take-up'; readonly run: RunId }
  | { readonly type: 'job-master-ended'; readonly run: RunId; readonly reason: ExitReason }
  | { readonly type: 'restart-due' }

/**
 * 'resume' goes on with the unended run of the job, and is answered with undefined when there is none. The code that the
 * order names has been kept.
 */
export type SubmitJob = { readonly type: 'submit' | 'resume'; readonly order: JobOrder } & Asks<
  JobAccepted | undefined
>

/** May be repeated. 'kept': that was the last piece, and the whole is in the store. */
export type UploadBundle = { readonly type: 'upload'; readonly piece: BundlePiece } & Asks<'more' | 'kept'>

/** All runs of the store, newest first, or the one that is named. */
export type ListRuns = { readonly type: 'list-runs'; readonly run?: RunId } & Asks<readonly ListedRun[]>

/** A run as the store has it. */
export interface KnownRun {
  readonly record: RunRecord
  readonly state: LogState
  /** Of a run that was asked for by name, if it can be read. */
  readonly history?: RunHistory | undefined
}

export interface ListedRun extends KnownRun {
  /** It has a job master, who knows more. */
  readonly isDirected: boolean
}

/** Every event of `run` goes to `follower` from now on, whichever job master directs it. */
export interface FollowRun {
  readonly type: 'follow'
  readonly run: RunId
  readonly follower: ActorRef<JobEvent>
}

export interface JobAccepted {
  readonly run: RunId
  readonly plan: JobPlan
}

/** A prepared run, with the connectors that its coordinators need. */
export interface DirectedRun extends PreparedRun {
  readonly connectors: Connectors
  /** A job master that is started again would know none of them. */
  readonly followers: ActorRef<JobEvent>[]
}

export interface JobManagerOptions extends ResourceManagerOptions {
  readonly store: JobStore
  readonly intake: JobIntake
  readonly connectors: ConnectorLoader
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** The actors of its own thread. */
  readonly tree: () => ActorSnapshot
  /** How long its jobs wait for slots. */
  readonly slotRequestMs: number
  /** It goes on with what it is told to alone; else with every unended run of the store, as others do that lead after it. */
  readonly isAlone: boolean
  /** Outlives it: a job manager that is started again directs the same runs again. */
  readonly runs?: Map<RunId, DirectedRun>
}

/**
 * The director: takes submissions, and gives each run a job master. A job master that crashes is started again after a
 * growing delay; it takes its job over from the log, under a new epoch.
 */
export class JobManager implements Actor<JobManagerMessage> {
  readonly #options: JobManagerOptions
  readonly #runs: Map<RunId, DirectedRun>
  readonly #supervision: Supervision<RunId, ExitReason>
  readonly #uploads = new BundleUploads()
  /** Ended, given up, or beyond help: none of them is taken up again unasked. One that another leads, not at once. */
  readonly #left = new Set<RunId>()
  /** Found in the store: looked at one after the other, and taken up if they have not ended. */
  readonly #found: RunRecord[] = []
  #isRecovering = false
  /** What could not go on, since when. */
  readonly #unrecovered = new Map<RunId, number>()
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
    this.#resourceManager = ctx.spawn(RESOURCE_MANAGER, new ResourceManager(this.#options))
    this.#openFrontDesk()
    this.#supervision.begin(ctx.now())
    for (const run of this.#runs.keys())
      this.#carryOut(this.#supervision.addChild({ id: run, restart: 'transient' }, ctx.now()))
    if (this.#options.isAlone) return
    this.#recover()
    // A store whose leader was just voted out does not show all runs: once more when it surely does.
    ctx.after('recover-late', LIMITS.logBehindMs, { type: 'recover' })
  }

  receive(message: JobManagerMessage, ctx: ActorContext<JobManagerMessage>): void {
    switch (message.type) {
      case 'submit': {
        const { asker } = ctx
        if (asker === undefined) return
        const draft = this.#options.intake.draft(message.order)
        return ctx.pipeToSelf(draft, (outcome) => ({ type: 'drafted', asker, outcome }))
      }
      case 'drafted':
        return this.#onDrafted(message.asker, message.outcome)
      case 'resume': {
        const { asker } = ctx
        if (asker === undefined) return
        return this.#prepare(asker, this.#options.intake.resume(message.order))
      }
      case 'upload':
        return this.#onUpload(message.piece)
      case 'bundle-kept':
        return this.#answer(message.asker, message.outcome, () => 'kept')
      case 'recover':
        return this.#recover()
      case 'runs-found':
        return this.#onFound(message.outcome)
      case 'recovered':
        return this.#onRecovered(message.record, message.outcome)
      case 'list-runs':
        return this.#listRuns(message.run)
      case 'runs-read':
        return this.#answer(message.asker, message.outcome, (runs) => runs.map((run) => this.#listed(run)))
      case 'front-desk-ended':
        return this.#openFrontDesk()
      case 'follower-ended':
        return this.#onFollowerEnded(message.follower)
      case 'prepared':
        return this.#onPrepared(message.asker, message.outcome)
      case 'follow':
        return this.#onFollower(message.run, message.follower)
      case 'state-read':
        return this.#tellState(message.run, message.follower, message.outcome)
      case 'led-elsewhere':
        return ctx.after(`take-up-${message.run}`, LIMITS.takeUpMs, { type: 'take-up', run: message.run })
      case 'take-up':
        return this.#takeUp(message.run)
      case 'job-master-ended':
        return this.#onJobMasterEnded(message.run, message.reason)
      case 'restart-due':
        return this.#carryOut(this.#supervision.onTick(ctx.now()))
      default:
        assertNever(message)
    }
  }

  /** Anew when it ends: strangers speak to it, and may say anything. */
  #openFrontDesk(): void {
    const { own, tree } = this.#options
    const desk = new FrontDesk({
      jobManager: this.#ctx.self,
      resourceManager: this.#resourceManager,
      own,
      tree,
    })
    this.#ctx.spawn(FRONT_DESK, desk, { onExit: () => ({ type: 'front-desk-ended' }) })
  }

  /**
   * In a turn of its own. A process that stood still finds what was asked of the leader meanwhile, and does it: so another
   * leader has done it, too, and a run that nobody ordered twice would run twice. Until a job is planned, who was replaced
   * has heard so, and comes to no further turn.
   */
  #onDrafted(asker: ReplyTo<unknown>, outcome: Outcome<RunDraft>): void {
    if (!outcome.ok) return this.#ctx.replyTo(asker, { ok: false, error: errorInfoOf(outcome.error) })
    this.#prepare(asker, this.#options.intake.submit(outcome.value))
  }

  #prepare(asker: ReplyTo<unknown>, prepared: Promise<PreparedRun | undefined>): void {
    const directed = prepared.then((run) => (run === undefined ? undefined : this.#directable(run)))
    this.#ctx.pipeToSelf(directed, (outcome) => ({ type: 'prepared', asker, outcome }))
  }

  async #directable(prepared: PreparedRun): Promise<DirectedRun> {
    const connectors = await this.#options.connectors(connectorNamesOf(prepared.plan))
    return { ...prepared, connectors, followers: [] }
  }

  #answer<T>(asker: ReplyTo<unknown>, outcome: Outcome<T>, toValue: (value: T) => unknown): void {
    this.#ctx.replyTo(
      asker,
      outcome.ok
        ? { ok: true, value: toValue(outcome.value) }
        : { ok: false, error: errorInfoOf(outcome.error) },
    )
  }

  #onUpload(piece: BundlePiece): void {
    const { asker } = this.#ctx
    let whole: UploadedBundle | undefined
    try {
      whole = this.#uploads.add(piece)
    } catch (error) {
      // Whoever sent it is told; what else the cluster runs has no part in it.
      if (asker !== undefined) this.#ctx.replyTo(asker, { ok: false, error: errorInfoOf(error) })
      return
    }
    if (whole === undefined) return this.#ctx.reply('more')
    if (asker === undefined) return
    this.#ctx.pipeToSelf(this.#options.intake.keepBundle(whole), (outcome) => ({
      type: 'bundle-kept',
      asker,
      outcome,
    }))
  }

  // What was left unended by whoever led before.

  #recover(): void {
    this.#ctx.pipeToSelf(this.#options.store.runs(), (outcome) => ({ type: 'runs-found', outcome }))
  }

  #onFound(outcome: Outcome<readonly RunRecord[]>): void {
    if (!outcome.ok) {
      const error = errorInfoOf(outcome.error)
      this.#options.logger.warn({ error }, 'the unended runs could not be read; once more')
      return this.#recoverAgain()
    }
    // Of those that have ended there may be many, and they are old.
    this.#found.splice(0, this.#found.length, ...[...outcome.value].reverse())
    this.#recoverNext()
  }

  #recoverNext(): void {
    if (this.#isRecovering) return
    const record = this.#found.find(({ run }) => !this.#runs.has(run) && !this.#left.has(run))
    if (record === undefined) return
    this.#found.splice(0, this.#found.indexOf(record) + 1)
    this.#isRecovering = true
    const recovered = this.#options.intake
      .recover(record)
      .then((prepared) => (prepared === undefined ? undefined : this.#directable(prepared)))
    this.#ctx.pipeToSelf(recovered, (outcome) => ({ type: 'recovered', record, outcome }))
  }

  #onRecovered(record: RunRecord, outcome: Outcome<DirectedRun | undefined>): void {
    this.#isRecovering = false
    if (!outcome.ok) this.#onUnrecovered(record, errorInfoOf(outcome.error))
    else this.#unrecovered.delete(record.run)
    if (outcome.ok && outcome.value !== undefined) this.#add(outcome.value)
    this.#recoverNext()
  }

  /** What seems beyond help may be an old view of it, from a store whose leader was just voted out. */
  #onUnrecovered({ run, job }: RunRecord, error: ErrorInfo): void {
    const { logger } = this.#options
    const now = this.#ctx.now()
    const since = this.#unrecovered.get(run) ?? now
    this.#unrecovered.set(run, since)
    if (!isCurable(error) && now - since >= LIMITS.logBehindMs) {
      this.#left.add(run)
      return logger.error({ run, job, error }, 'a run cannot go on')
    }
    logger.warn({ run, job, error }, 'a run cannot go on yet; once more')
    this.#recoverAgain()
  }

  #recoverAgain(): void {
    this.#ctx.after('recover', LIMITS.recoverRetryMs, { type: 'recover' })
  }

  // Runs.

  #onPrepared(asker: ReplyTo<unknown>, outcome: Outcome<DirectedRun | undefined>): void {
    if (!outcome.ok) return this.#ctx.replyTo(asker, { ok: false, error: errorInfoOf(outcome.error) })
    const prepared = outcome.value
    if (prepared === undefined) return this.#ctx.replyTo(asker, { ok: true, value: undefined })
    const { run } = prepared
    // Who resumes a run that is directed here already gets that one.
    const plan = (this.#runs.get(run) ?? prepared).plan
    this.#add(prepared)
    const accepted: JobAccepted = { run, plan }
    this.#ctx.replyTo(asker, { ok: true, value: accepted })
  }

  #add(prepared: DirectedRun): void {
    const { run } = prepared
    if (this.#runs.has(run)) return
    this.#runs.set(run, prepared)
    this.#carryOut(this.#supervision.addChild({ id: run, restart: 'transient' }, this.#ctx.now()))
  }

  #onJobMasterEnded(run: RunId, reason: ExitReason): void {
    const how = isAbnormal(reason) ? 'abnormal' : 'normal'
    if (how === 'abnormal') this.#options.logger.error({ run, reason }, 'a job master ended')
    this.#carryOut(this.#supervision.onEnded(run, how, reason, this.#ctx.now()))
    if (how === 'abnormal') return
    this.#left.add(run)
    this.#runs.delete(run)
    this.#supervision.removeChild(run)
  }

  /**
   * Another has taken the run from us. That one leads the cluster, and we have stood down by now; or it only thought so,
   * has stood down itself, and nobody goes on with the run but us.
   */
  #takeUp(run: RunId): void {
    this.#left.delete(run)
    this.#recover()
  }

  // For whoever watches.

  #listRuns(only: RunId | undefined): void {
    const { asker } = this.#ctx
    if (asker === undefined) return
    this.#ctx.pipeToSelf(this.#knownRuns(only), (outcome) => ({ type: 'runs-read', asker, outcome }))
  }

  async #knownRuns(only: RunId | undefined): Promise<readonly KnownRun[]> {
    const { store } = this.#options
    if (only !== undefined) return this.#knownRun(only)
    const known = await Promise.all(
      (await store.runs()).map(async (record) => {
        const state = await store.state(record.run)
        return state === undefined ? [] : [{ record, state }]
      }),
    )
    return known.flat().reverse()
  }

  /** With its history, whoever directs it: it may have ended a moment ago. */
  async #knownRun(run: RunId): Promise<readonly KnownRun[]> {
    const { store } = this.#options
    const [record, state] = [await store.record(run), await store.state(run)]
    if (record === undefined || state === undefined) return []
    const history = await store
      .history(run)
      .newest()
      .catch(() => undefined)
    return [{ record, state, history }]
  }

  #listed(known: KnownRun): ListedRun {
    return { ...known, isDirected: this.#runs.has(known.record.run) }
  }

  #onFollower(run: RunId, follower: ActorRef<JobEvent>): void {
    const directed = this.#runs.get(run)
    if (directed !== undefined) {
      this.#ctx.watch(follower, () => ({ type: 'follower-ended', follower }))
      if (!directed.followers.some(({ address }) => address === follower.address))
        directed.followers.push(follower)
      return this.#ctx.send(jobMasterOf(this.#ctx.self, run), { type: 'follow', follower })
    }
    // Nobody directs it here (any more): its log says what became of it.
    this.#ctx.pipeToSelf(this.#options.store.state(run), (outcome) => ({
      type: 'state-read',
      run,
      follower,
      outcome,
    }))
  }

  #onFollowerEnded({ address }: ActorRef<JobEvent>): void {
    for (const { followers } of this.#runs.values()) {
      const index = followers.findIndex((follower) => follower.address === address)
      if (index >= 0) followers.splice(index, 1)
    }
  }

  #tellState(run: RunId, follower: ActorRef<JobEvent>, outcome: Outcome<LogState | undefined>): void {
    const state = outcome.ok ? outcome.value : undefined
    const ended = state?.ended
    // One that is to be recovered may be on its way: whoever follows asks again.
    if (ended === undefined && !this.#options.isAlone) return
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
    const { own, term, store, clock, random, logger, slotRequestMs, isAlone } = this.#options
    const jobMaster = new JobMaster({
      ...prepared,
      node: own.node,
      term,
      log: store.log(run),
      blobs: store.blobs,
      jobManager: this.#ctx.self,
      history: store.history(run),
      resourceManager: this.#resourceManager,
      clock,
      random,
      logger: logger.with({ run, job: prepared.plan.name }),
      slotRequestMs,
      isAlone,
    })
    const ref = this.#ctx.spawn(jobMasterName(run), jobMaster, {
      onExit: (reason) => ({ type: 'job-master-ended', run, reason }),
    })
    for (const follower of followers) this.#ctx.send(ref, { type: 'follow', follower })
    this.#supervision.onStarted(run, this.#ctx.now())
  }
}
