import type { Actor, ActorContext, ActorRef, Answer, Asks, Outcome, ReplyTo } from '#src/actor/actor.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { type CheckpointRecord, finalRecordOf } from '#src/checkpoint/checkpoint-record.js'
import type { Manifest } from '#src/checkpoint/manifest.js'
import { loadManifest } from '#src/checkpoint/manifest-store.js'
import { restoreOf } from '#src/checkpoint/restore.js'
import type { HistoryDocuments } from '#src/cluster/history-documents.js'
import type { JobLog } from '#src/cluster/job-log.js'
import {
  highestId,
  type Outcome as JobOutcome,
  type Origin,
  type RetainedCheckpoint,
  STATUS_OF,
} from '#src/cluster/log-entry.js'
import type { Connectors } from '#src/connector/registry.js'
import { type ExecutionGraph, executionGraphOf, requiredSlots } from '#src/graph/execution-graph.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { assert, assertNever } from '#src/kit/assert.js'
import type { Clock } from '#src/kit/clock.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'
import type { Attempt, Epoch, NodeId, RunId, SlotIndex, SubtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import { type Random, randomToken } from '#src/kit/random.js'
import { type After, AttemptStop } from './attempt-stop.js'
import {
  type AdoptedAttempt,
  CheckpointCoordinator,
  type CheckpointCoordinatorReport,
  type CheckpointEvent,
} from './checkpoint-coordinator.js'
import { deploymentsOf } from './deployments.js'
import type { Direction } from './direction.js'
import { FailoverRegion } from './failover-region.js'
import { FirstCheckpoint, type FirstCheckpointStep } from './first-checkpoint.js'
import { HistoryKeeper, type HistoryMessage } from './history-keeper.js'
import { JobAttempt, jobMetrics } from './job-attempt.js'
import { type CheckpointsStep, JobCheckpoints } from './job-checkpoints.js'
import type { JobEvent } from './job-event.js'
import { errorOfAsk, taskManagerLost, tooFewSlots } from './job-faults.js'
import { type JobReport, jobReport } from './job-report.js'
import { JobSlots, type SlotsStep } from './job-slots.js'
import { JobSources, type SourcesStep } from './job-sources.js'
import { JobStory } from './job-story.js'
import { JobTakeover, type Takeover, type TakeoverStep } from './job-takeover.js'
import { type Appended, type LogStep, LogWriter } from './log-writer.js'
import { RateMeter } from './rate-meter.js'
import type { ResourceManagerMessage, SlotsAnswer } from './resource-manager.js'
import type { JobCode } from './slot-threads.js'
import type { SourceCoordinatorReport } from './source-coordinator.js'
import type { SubtaskMetrics } from './subtask.js'
import type { OpenSlotAnswer } from './task-manager.js'

/** What a job master hears, and from whom. */
export type JobMasterMessage =
  // its children
  | CheckpointCoordinatorReport
  | SourceCoordinatorReport
  // subtasks and slots; asks may be repeated
  | SubtaskChanged
  | SubtaskFailed
  | {
      readonly type: 'metrics'
      readonly subtask: SubtaskId
      readonly attempt: Attempt
      readonly metrics: SubtaskMetrics
    }
  // task managers
  | SlotLost
  | JobReplaced
  | DirectsAttempt
  // the resource manager; repeated until it is done
  | EvacuateNode
  // whoever runs or watches the job
  | CancelJob
  | { readonly type: 'follow'; readonly follower: ActorRef<JobEvent> }
  | TakeCheckpoint
  | DescribeJob
  // its parts, which have asked or begun something
  | HistoryMessage
  | FirstCheckpointStep
  | TakeoverStep
  | SourcesStep
  | SlotsStep
  | CheckpointsStep
  // its own steps
  | { readonly type: 'log-step'; readonly outcome: Outcome<LogStep> }
  | { readonly type: 'log-again' }
  | { readonly type: 'manifest'; readonly outcome: Outcome<Manifest> }
  | { readonly type: 'request-slots' }
  | { readonly type: 'restart-due' }
  | { readonly type: 'follower-ended'; readonly follower: ActorRef<JobEvent> }
  | { readonly type: 'report' }

/** A node drains: the job goes on elsewhere, from a checkpoint that is taken for it. */
export type EvacuateNode = { readonly type: 'evacuate'; readonly node: NodeId }

/** Another has come to lead the job, under this epoch, and has been heard: the log says so too. */
export type JobReplaced = { readonly type: 'replaced'; readonly epoch: Epoch } & Asks<'ok'>

/** What it tells whoever gave it its job, and then ends: another leads the job. */
export type LedElsewhere = { readonly type: 'led-elsewhere'; readonly run: RunId }

export type DescribeJob = { readonly type: 'describe' } & Asks<JobReport>

/** May be repeated. Answered once the log has it, so that whoever leads next knows of it, too; or has the end of the run. */
export type CancelJob = { readonly type: 'cancel' } & Asks<'ok'>
export type TakeCheckpoint = { readonly type: 'checkpoint-now' } & Asks<CheckpointRecord>

export type SubtaskChanged = {
  readonly type: 'subtask-changed'
  readonly subtask: SubtaskId
  readonly attempt: Attempt
  readonly state: 'RUNNING' | 'FINISHED'
} & Asks<'ok'>

export type SubtaskFailed = {
  readonly type: 'subtask-failed'
  readonly subtask: SubtaskId
  readonly attempt: Attempt
  readonly error: ErrorInfo
} & Asks<'ok'>

/** From a task manager that had lost sight of it. Not answered of another attempt than the one under way. */
export type DirectsAttempt = { readonly type: 'directs-attempt'; readonly attempt: Attempt } & Asks<'ok'>

export type SlotLost = {
  readonly type: 'slot-lost'
  readonly attempt: Attempt
  readonly node: NodeId
  readonly slot: SlotIndex
  readonly error: ErrorInfo
} & Asks<'ok'>

export interface JobMasterOptions {
  readonly run: RunId
  readonly node: NodeId
  /** Of the leader that it belongs to. */
  readonly term: number
  readonly code: JobCode
  readonly plan: JobPlan
  readonly log: JobLog
  readonly blobs: BlobStore
  readonly history: HistoryDocuments
  /** The checkpoint of another run that this one begins with; its manifest as it was read there. */
  readonly origin: Manifest | undefined
  readonly allowRepeatedRows: boolean
  readonly jobManager: ActorRef<LedElsewhere>
  readonly resourceManager: ActorRef<ResourceManagerMessage>
  readonly connectors: Connectors
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** It waits this long for slots, then fails. */
  readonly slotRequestMs: number
  /** No other node takes over what runs here: whoever is replaced ends it, and tells so. */
  readonly isAlone: boolean
}

const CANCELED = { outcome: 'canceled', error: undefined } as const

/**
 * Where the job is between two decisions.
 *
 *     preparing   takes the log over, resolves the sources once, writes checkpoint 0
 *     adopting    takes over the attempt that whoever led before had started, and that runs
 *     restoring   reads the newest checkpoint for the next attempt
 *     waiting     for slots
 *     starting    writes the attempt into the log, opens slots, deploys
 *     running
 *     stopping    closes the slots of an attempt, for what comes after
 *     ended       its last entry is in the log, or on its way
 */
type Phase =
  | { readonly kind: 'preparing' | 'restoring' | 'running' | 'ended' }
  | { readonly kind: 'adopting'; readonly takeover: JobTakeover }
  | { readonly kind: 'waiting'; readonly since: number; readonly manifest: Manifest }
  | { readonly kind: 'starting'; readonly manifest: Manifest; readonly adopted?: AdoptedAttempt }
  | { readonly kind: 'stopping'; readonly stop: AttemptStop }

/**
 * Directs one job: takes its log over, and what runs of it; restores, deploys, and supervises its subtasks wherever they
 * run. A job is one failover region: whatever fails, all goes on under one new attempt, because one number fences channels,
 * log and sinks. It alone appends to the job's log; it never touches a record.
 *
 * It goes from phase to phase, and has for all else a part with a file of its own:
 *
 *     log-writer                                its hand at the log
 *     first-checkpoint                          where the sources begin, before there is an attempt
 *     job-takeover                              the attempt that another leader had started
 *     job-attempt                               the attempt under way
 *     job-sources, job-slots, job-checkpoints   whom it asks to do something
 *     attempt-stop, failover-region             when an attempt is over, and whether and when the next one comes
 *     job-story, history-keeper, rate-meter     what is told of it
 */
export class JobMaster implements Actor<JobMasterMessage> {
  readonly #options: JobMasterOptions
  readonly #graph: ExecutionGraph
  /** Decides whether and when the next attempt starts; this actor starts it. */
  readonly #region: FailoverRegion
  #story!: JobStory
  #history!: HistoryKeeper
  #sources!: JobSources
  #slots!: JobSlots
  #checkpoints!: JobCheckpoints
  #first!: FirstCheckpoint
  #ctx!: ActorContext<JobMasterMessage>
  #log!: LogWriter
  readonly #rates: RateMeter
  /** Asked for before this actor led the job; done when it does. */
  readonly #earlyCancels: ReplyTo<unknown>[] = []
  #epoch = 0 as Epoch
  #phase: Phase = { kind: 'preparing' }
  #attempt: JobAttempt | undefined
  /** What keeps the log from being used; undefined while it answers. */
  #logTrouble: string | undefined

  constructor(options: JobMasterOptions) {
    this.#options = options
    this.#graph = executionGraphOf(options.plan)
    this.#rates = new RateMeter(this.#graph.subtasks.length)
    this.#region = new FailoverRegion(options.plan.restart, options.random)
  }

  start(ctx: ActorContext<JobMasterMessage>): void {
    this.#ctx = ctx
    const { run, term, plan, code, origin, resourceManager, history: documents } = this.#options
    const { blobs, clock, random, logger } = this.#options
    const wallTime = () => clock.wallTime()
    const history = new HistoryKeeper({ documents, wallTime, logger }, ctx)
    this.#history = history
    this.#story = new JobStory({
      run,
      now: ctx.now,
      history,
      send: (follower, event) => ctx.send(follower, event),
    })
    const sources = new JobSources(plan, this.#graph, ctx)
    this.#sources = sources
    this.#first = new FirstCheckpoint({ run, plan, origin, sources, blobs, random, wallTime }, ctx)
    this.#checkpoints = new JobCheckpoints(ctx)
    this.#slots = new JobSlots({ run, term, code, count: requiredSlots(plan), resourceManager }, ctx)
    this.#log = new LogWriter({
      log: this.#options.log,
      nonce: () => randomToken(random, 20),
      now: ctx.now,
      pipe: (work) => ctx.pipeToSelf(work, (outcome) => ({ type: 'log-step', outcome })),
      onRead: () => this.#lead(),
    })
    this.#log.read()
    this.#region.begin(ctx.now())
    this.#report()
  }

  describe(): string {
    return this.#options.plan.name
  }

  receive(message: JobMasterMessage, ctx: ActorContext<JobMasterMessage>): void {
    switch (message.type) {
      case 'append':
        return this.#onAppend(message.event)
      case 'final-checkpoint-complete':
      case 'told':
        return
      case 'checkpoints-failed':
      case 'source-failed':
        ctx.reply('ok')
        if (message.attempt === this.#attempt?.number) this.#fail(message.error)
        return
      case 'replaced':
        ctx.reply('ok')
        if (this.#epoch > 0 && message.epoch > this.#epoch) this.#stepDown(`epoch ${message.epoch} leads`)
        return
      case 'checkpoint-changed':
        return this.#story.tell({ type: 'checkpoint', record: message.record })
      case 'subtask-changed':
        ctx.reply('ok')
        return this.#onSubtaskChanged(message)
      case 'subtask-failed':
        ctx.reply('ok')
        if (message.attempt === this.#attempt?.number && this.#attempt.moves(message.subtask, 'FAILED'))
          this.#fail(message.error)
        return
      case 'metrics':
        if (message.attempt === this.#attempt?.number)
          this.#attempt.metrics.set(message.subtask, message.metrics)
        return
      case 'slot-lost':
        ctx.reply('ok')
        if (message.attempt === this.#attempt?.number) this.#fail(message.error)
        return
      case 'directs-attempt':
        return message.attempt === this.#attempt?.number ? ctx.reply('ok') : undefined
      case 'cancel':
        return this.#onCancel(ctx.asker)
      case 'evacuate':
        return this.#evacuate(message.node)
      case 'ready-to-move':
        return this.#move(message.attempt, message.node)
      case 'follow': {
        const { follower } = message
        ctx.watch(follower, () => ({ type: 'follower-ended', follower }))
        return this.#story.addFollower(follower)
      }
      case 'follower-ended':
        return this.#story.removeFollower(message.follower)
      case 'describe':
        return this.#describe(ctx.asker)
      case 'checkpoints-described':
        return this.#replyDescribed(message.asker, message.answer)
      case 'checkpoint-now':
        return ctx.asker === undefined ? undefined : this.#checkpoints.take(ctx.asker)
      case 'log-step':
        return this.#onLogStep(message.outcome)
      case 'log-again':
        return this.#log.again()
      case 'history-step':
        return this.#history.onStep(message.step)
      case 'resolved':
      case 'first-manifest':
        return this.#onFirstCheckpointStep(message)
      case 'manifest':
        return this.#onManifest(message.outcome)
      case 'slots-claimed':
      case 'claim-slots':
      case 'slot-adopted':
      case 'newest-manifest':
      case 'read-newest':
      case 'takeover-overdue':
        return this.#onTakeoverStep(message)
      case 'slots':
        return this.#onSlots(message.answer)
      case 'request-slots':
        return this.#requestSlots()
      case 'slot-opened':
        return this.#onSlotOpened(message.attempt, message.index, message.answer)
      case 'deployed':
        return this.#onDeployed(message.attempt, message.subtask, message.answer)
      case 'slot-closed':
        return this.#onSlotClosed(message.attempt, message.index)
      case 'task-manager-ended':
        return this.#onTaskManagerEnded(message.node)
      case 'restart-due':
        return this.#onRestartDue()
      case 'checkpointed':
        return ctx.replyTo(
          message.asker,
          message.answer.ok
            ? message.answer
            : { ok: false, error: errorOfAsk(message.answer.failure, 'no checkpoint') },
        )
      case 'report':
        return this.#report()
      default:
        assertNever(message)
    }
  }

  /** No answer means unknown: the same step again, for as long as it takes, and nothing is decided meanwhile. */
  #onLogStep(outcome: Outcome<LogStep>): void {
    const known = this.#log.onStep(outcome)
    if (known.kind === 'known') return this.#tellLogTrouble(undefined)
    if (known.kind === 'damaged') return this.#giveUpLog(known.error)
    this.#tellLogTrouble(known.error)
    this.#ctx.after('log-again', LIMITS.logRetryMs, { type: 'log-again' })
  }

  /** What the log holds cannot be believed: nothing may be decided over it, and nothing is written to it. */
  #giveUpLog(error: ErrorInfo): void {
    this.#options.logger.error({ error }, 'the log of the job is damaged: the job is given up')
    this.#phase = { kind: 'ended' }
    this.#story.tell({ type: 'failure', error, restartInMs: undefined })
    if (this.#attempt !== undefined) this.#slots.release(this.#attempt.number, this.#epoch)
    this.#story.isFound('FAILED')
    this.#story.tell({ type: 'ended', outcome: 'failed', error, checkpoint: undefined })
    this.#ctx.exit()
  }

  #tellLogTrouble(error: ErrorInfo | undefined): void {
    const trouble = error === undefined ? undefined : `${error.what ?? error.message}: ${error.why ?? ''}`
    if (trouble === this.#logTrouble) return
    this.#logTrouble = trouble
    const { logger } = this.#options
    if (error === undefined) logger.warn({}, 'the log of the job can be used again')
    else logger.warn({ error }, 'the log of the job cannot be used; it is tried again until it can')
    if (this.#phase.kind === 'running' || this.#phase.kind === 'waiting') return
    this.#story.because(trouble === undefined ? undefined : `waiting for the log of the job: ${trouble}`)
  }

  // Taking over.

  #lead(): void {
    const { epoch } = this.#log.state
    if (this.#isOver()) return
    const next = (epoch + 1) as Epoch
    this.#log.append({ type: 'leads', epoch: next, node: this.#options.node }, (appended) => {
      if (appended.kind === 'refused') return this.#onRefusedToLead(appended.reason)
      this.#epoch = next
      this.#history.begin(next, this.#log.state)
      const { attempt } = this.#log.state
      if (attempt === 0) this.#story.moveTo('CREATED')
      else this.#story.because('looking for what runs of it')
      this.#prepare()
      for (const asker of this.#earlyCancels.splice(0)) this.#onCancel(asker)
      // Whoever led before has promised it, and has not come to it.
      if (this.#log.state.isCancelling) this.#cancel()
    })
  }

  #onRefusedToLead(reason: string): void {
    if (!this.#isOver()) this.#stepDown(reason)
  }

  /** Whoever ended it may not have come to letting its slots go. */
  #isOver(): boolean {
    const { ended, attempt, epoch } = this.#log.state
    if (ended === undefined) return false
    this.#slots.release((attempt + 1) as Attempt, epoch)
    this.#settle(ended.outcome, ended.error)
    return true
  }

  #prepare(): void {
    const { connectors, clock, logger } = this.#options
    this.#sources.spawn(connectors, this.#epoch, { clock, logger })
    this.#checkpoints.spawn(this.#newCoordinator())
    if (this.#log.state.attempt > 0) return this.#takeOver()
    if (this.#log.state.retained.length > 0) return this.#restore()
    this.#first.begin()
  }

  #newCoordinator(): CheckpointCoordinator {
    const { run, plan, blobs, random, logger, clock } = this.#options
    return new CheckpointCoordinator({
      run,
      epoch: this.#epoch,
      plan,
      blobs,
      jobMaster: this.#ctx.self,
      sources: this.#sources.refs,
      usedTo: highestId(this.#log.state),
      random,
      logger,
      wallTime: () => clock.wallTime(),
    })
  }

  get #direction(): Direction {
    return { epoch: this.#epoch, jobMaster: this.#ctx.self, coordinator: this.#checkpoints.coordinator }
  }

  /** An attempt has started under another leader, and its subtasks may be running all the while. */
  #takeOver(): void {
    const { state } = this.#log
    const { blobs, logger } = this.#options
    this.#slots.release((state.attempt - 1) as Attempt, this.#epoch)
    const [direction, graph, slots] = [this.#direction, this.#graph, this.#slots]
    const takeover = new JobTakeover({ state, direction, graph, slots, blobs, logger }, this.#ctx)
    this.#phase = { kind: 'adopting', takeover }
    takeover.begin()
  }

  #onTakeoverStep(step: TakeoverStep): void {
    if (this.#phase.kind !== 'adopting') return
    const { takeover } = this.#phase
    const outcome = takeover.onStep(step)
    if (this.#attempt === undefined && takeover.attempt !== undefined)
      this.#story.isFound('RUNNING', 'taking it over')
    this.#attempt = takeover.attempt
    // Its slots are known, or never will be.
    const isSettled = takeover.attempt !== undefined || outcome.kind !== 'under-way'
    if (isSettled && this.#log.state.isCancelling) return this.#stop(CANCELED)
    switch (outcome.kind) {
      case 'under-way':
        return
      case 'whole':
        return this.#goOn(outcome)
      case 'failed':
        return this.#fail(outcome.error)
      case 'broken':
        return this.#giveUpAttempt(outcome.reason)
      default:
        assertNever(outcome)
    }
  }

  /** Not a failure: no restart strategy is asked, and nothing is waited for. */
  #giveUpAttempt(reason: string): void {
    this.#options.logger.info({ reason }, 'the attempt under way cannot be taken over: the next one starts')
    this.#history.onAttemptEnded('given-up', reason)
    if (this.#attempt !== undefined) return this.#stop('restart', true)
    this.#story.moveTo('CREATED')
    this.#slots.release(this.#log.state.attempt, this.#epoch)
    this.#restore()
  }

  #goOn({ attempt, manifest, subtasks }: Extract<Takeover, { kind: 'whole' }>): void {
    const { number } = attempt
    this.#sources.adopt(number, manifest.sources, subtasks)
    this.#tellStarted(attempt)
    this.#story.tell({ type: 'attempt', attempt: number, from: this.#log.state.from ?? manifest.checkpoint })
    const adopted = {
      newest: manifest.attempt === number ? manifest.checkpoint : undefined,
      final: subtasks.some(({ final }) => final) ? finalRecordOf(manifest) : undefined,
      ended: subtasks.filter(({ ended }) => ended).map(({ subtask }) => subtask),
    }
    this.#phase = { kind: 'starting', manifest, adopted }
    this.#story.because('starting')
    this.#advance(attempt)
  }

  /** Checkpoint 0, or the one of another run that this one begins with. */
  #onFirstCheckpointStep(step: FirstCheckpointStep): void {
    if (this.#phase.kind !== 'preparing') return
    const outcome = this.#first.onStep(step)
    switch (outcome.kind) {
      case 'under-way':
        return
      case 'failed':
        return this.#fail(outcome.error)
      case 'stored':
        return this.#logFirst(outcome.checkpoint)
      default:
        assertNever(outcome)
    }
  }

  #logFirst({ attempt, checkpoint, manifest }: RetainedCheckpoint): void {
    this.#log.append({ type: 'completed', epoch: this.#epoch, attempt, checkpoint, manifest }, (appended) => {
      if (this.#phase.kind !== 'preparing') return
      if (appended.kind === 'refused') return this.#stepDown(appended.reason)
      this.#restore()
    })
  }

  // Starting an attempt.

  #restore(): void {
    if (this.#phase.kind === 'ended') return
    this.#phase = { kind: 'restoring' }
    const newest = this.#log.state.retained.at(-1)
    assert(newest !== undefined, 'an attempt starts from a checkpoint')
    this.#ctx.pipeToSelf(loadManifest(this.#options.blobs, newest.manifest), (outcome) => ({
      type: 'manifest',
      outcome,
    }))
  }

  #onManifest(outcome: Outcome<Manifest>): void {
    if (this.#phase.kind !== 'restoring') return
    if (!outcome.ok) return this.#fail(errorInfoOf(outcome.error))
    this.#phase = { kind: 'waiting', since: this.#ctx.now(), manifest: outcome.value }
    this.#requestSlots()
  }

  #requestSlots(): void {
    if (this.#phase.kind !== 'waiting') return
    this.#slots.request((this.#log.state.attempt + 1) as Attempt)
  }

  #onSlots(answer: Answer<SlotsAnswer>): void {
    const phase = this.#phase
    if (phase.kind !== 'waiting') return
    if (answer.ok && answer.value.kind === 'granted') return this.#startAttempt(phase.manifest, answer.value)
    const reason =
      answer.ok && answer.value.kind === 'waiting'
        ? answer.value.reason
        : 'the resource manager does not answer'
    const { slotRequestMs } = this.#options
    if (this.#ctx.now() - phase.since >= slotRequestMs) return this.#fail(tooFewSlots(reason, slotRequestMs))
    this.#story.because(`waiting for slots: ${reason}`)
    this.#ctx.after('request-slots', LIMITS.slotRetryMs, { type: 'request-slots' })
  }

  #startAttempt(manifest: Manifest, { slots }: Extract<SlotsAnswer, { kind: 'granted' }>): void {
    const { attempt: before, isCancelling } = this.#log.state
    assert(!isCancelling, 'no attempt starts of a run that is being canceled', { before })
    this.#phase = { kind: 'starting', manifest }
    const number = (before + 1) as Attempt
    const from = manifest.checkpoint
    const attempt = new JobAttempt(
      number,
      slots,
      this.#graph.subtasks.map(({ id }) => id),
    )
    this.#attempt = attempt
    this.#slots.watch(attempt)
    this.#log.append({ type: 'started', epoch: this.#epoch, attempt: number, from }, (appended) => {
      attempt.start = appended.kind
      if (appended.kind === 'refused' && !this.#leads()) return this.#stepDown(appended.reason)
      // It failed meanwhile. The next one has the next number if it is in the log, and its own if it is not.
      if (this.#phase.kind !== 'starting') return this.#stopped()
      if (appended.kind === 'refused') return this.#startAnew()
      this.#story.moveTo('RUNNING', 'starting')
      this.#story.tell({ type: 'attempt', attempt: number, from })
      this.#openSlots(number)
    })
  }

  /** A checkpoint of the attempt before was decided meanwhile: the attempt starts from that one. */
  #startAnew(): void {
    this.#attempt = undefined
    this.#restore()
  }

  #leads(): boolean {
    const { epoch, ended } = this.#log.state
    return epoch === this.#epoch && ended === undefined
  }

  #openSlots(number: Attempt): void {
    const attempt = this.#attempt
    if (this.#phase.kind !== 'starting' || attempt?.number !== number) return
    this.#slots.open(attempt, this.#direction)
  }

  #onSlotOpened(number: Attempt, index: number, answer: Answer<OpenSlotAnswer>): void {
    const attempt = this.#attempt
    if (this.#phase.kind !== 'starting' || attempt?.number !== number) return
    if (!answer.ok) return this.#fail(errorOfAsk(answer.failure, `slot ${index} was not opened`))
    if (answer.value.kind === 'refused') return this.#fail(answer.value.error)
    attempt.opened[index] = answer.value.slot
    if (attempt.allOpened() !== undefined) this.#deploy(attempt, this.#phase.manifest)
  }

  #deploy(attempt: JobAttempt, manifest: Manifest): void {
    const slots = attempt.allOpened()
    assert(slots !== undefined, 'all slots are open before anything is deployed')
    const { run, plan, allowRepeatedRows } = this.#options
    const restoration = attempted(() => restoreOf(manifest, plan))
    if (!restoration.ok) return this.#fail(restoration.error)
    this.#sources.restore(attempt.number, manifest.sources)
    this.#tellStarted(attempt)
    const placed = deploymentsOf({
      job: plan.name,
      run,
      attempt: attempt.number,
      plan,
      graph: this.#graph,
      restoration: restoration.value,
      slots,
      restoredFrom: this.#restoredFrom(manifest),
      complete: this.#sources.complete,
      allowRepeatedRows,
      direction: this.#direction,
    })
    this.#slots.deploy(attempt.number, placed)
  }

  /** To the coordinator. */
  #tellStarted(attempt: JobAttempt): void {
    const subtasks = this.#graph.subtasks.map((subtask) => ({
      id: subtask.id,
      ref: { address: attempt.addressOf(subtask) },
      source: this.#sources.sourceOf(subtask.id),
    }))
    this.#checkpoints.start(attempt.number, subtasks, this.#log.state.retained)
  }

  /** Whose checkpoint it is: that of the run it was adopted from, for as long as this run has none of its own. */
  #restoredFrom({ checkpoint }: Manifest): Origin {
    const { origin } = this.#log.state
    return origin?.checkpoint === checkpoint ? origin : { run: this.#options.run, checkpoint }
  }

  #onDeployed(number: Attempt, subtask: SubtaskId, answer: Answer<'ok'>): void {
    if (this.#phase.kind !== 'starting' || this.#attempt?.number !== number) return
    if (!answer.ok) return this.#fail(errorOfAsk(answer.failure, `subtask ${subtask} was not deployed`))
    this.#attempt.moves(subtask, 'INITIALIZING')
  }

  #onSubtaskChanged({ subtask, attempt: number, state }: SubtaskChanged): void {
    const attempt = this.#attempt
    if (attempt?.number !== number || !attempt.moves(subtask, state)) return
    this.#advance(attempt)
  }

  #advance(attempt: JobAttempt): void {
    if (this.#phase.kind === 'starting' && attempt.all('RUNNING')) this.#run(attempt, this.#phase.adopted)
    if (this.#phase.kind === 'running' && attempt.all('FINISHED')) this.#end('finished', undefined)
  }

  #run(attempt: JobAttempt, adopted: AdoptedAttempt | undefined): void {
    this.#phase = { kind: 'running' }
    this.#rates.reset(this.#ctx.now())
    this.#story.because(undefined)
    this.#checkpoints.run(attempt.number, adopted)
    this.#sources.run(attempt)
  }

  // Failure, cancel, end.

  #fail(error: ErrorInfo): void {
    if (this.#phase.kind === 'stopping' || this.#phase.kind === 'ended') return
    const now = this.#ctx.now()
    const restartAt = this.#region.onFailed(error, now)
    const { logger } = this.#options
    const attempt = this.#attempt?.number
    if (restartAt === undefined) {
      logger.info({ attempt, error }, 'the job fails')
      // Told once the log has it: who was replaced may find gone what another has deleted.
      return this.#stop({ outcome: 'failed', error })
    }
    const restartInMs = restartAt - now
    logger.info({ attempt, error, restartInMs }, 'the attempt has failed, the next one follows')
    this.#story.tell({ type: 'failure', error, restartInMs })
    this.#ctx.after('restart', restartInMs, { type: 'restart-due' })
    this.#stop('restart')
  }

  /** What is running moves once it has a checkpoint to move from; what is not will be told again when it does. */
  #evacuate(node: NodeId): void {
    const attempt = this.#attempt
    if (this.#phase.kind === 'running' && attempt?.isOn(node))
      this.#checkpoints.takeToMove(attempt.number, node)
  }

  /** Not a failure: no restart strategy is asked, and nothing is waited for. */
  #move(attempt: Attempt, node: NodeId): void {
    if (this.#phase.kind !== 'running' || this.#attempt?.number !== attempt) return
    const reason = `moving off ${node}, which drains`
    this.#history.onAttemptEnded('moved', reason)
    this.#stop('restart', true)
    this.#story.because(reason)
  }

  /**
   * Promised only by what the log has. A leader that is being replaced, and may not know it, can write nothing there, and
   * does not answer: whoever asked asks again, and reaches the next one.
   */
  #onCancel(asker: ReplyTo<unknown> | undefined): void {
    if (asker === undefined) return
    if (this.#epoch === 0) return void this.#earlyCancels.push(asker)
    this.#log.append({ type: 'cancelling', epoch: this.#epoch }, (appended) => {
      const { epoch } = this.#log.state
      if (epoch !== this.#epoch) return this.#stepDown(`epoch ${epoch} leads`)
      this.#ctx.replyTo(asker, { ok: true, value: 'ok' })
      // Refused only if the run has ended meanwhile, and then it stays as it ended.
      if (appended.kind === 'logged') this.#cancel()
    })
  }

  #cancel(): void {
    if (this.#phase.kind === 'ended') return
    // What runs of it is found first, so that it is closed before anybody hears that the job has ended.
    if (this.#phase.kind === 'adopting' && this.#attempt === undefined) return
    if (this.#phase.kind !== 'stopping') return this.#stop(CANCELED)
    if (!this.#phase.stop.endsWith(CANCELED)) return
    this.#story.moveTo('CANCELLING')
    this.#stopped()
  }

  /** @param isDue a restart waits for no delay */
  #stop(after: After, isDue = false): void {
    if (after !== 'restart') this.#story.moveTo(after.outcome === 'canceled' ? 'CANCELLING' : 'FAILING')
    else if (this.#story.status !== 'CREATED') this.#story.moveTo('RESTARTING')
    const attempt = this.#attempt
    this.#phase = { kind: 'stopping', stop: new AttemptStop(attempt, after, isDue) }
    this.#rates.reset(undefined)
    if (attempt?.start === 'logged') this.#closeSlots(attempt)
    this.#stopped()
  }

  #closeSlots(attempt: JobAttempt): void {
    this.#checkpoints.end(attempt.number)
    this.#sources.end(attempt.number)
    this.#slots.close(attempt, this.#epoch)
  }

  #onSlotClosed(number: Attempt, index: number): void {
    if (this.#phase.kind !== 'stopping' || this.#attempt?.number !== number) return
    this.#phase.stop.onSlotClosed(index)
    this.#stopped()
  }

  #onTaskManagerEnded(node: NodeId): void {
    const attempt = this.#attempt
    if (attempt === undefined || !attempt.isOn(node)) return
    attempt.lost.add(node)
    if (this.#phase.kind !== 'stopping') return this.#fail(taskManagerLost(node))
    this.#phase.stop.onLost(node)
    this.#stopped()
  }

  #onRestartDue(): void {
    if (this.#phase.kind !== 'stopping') return
    const now = this.#ctx.now()
    const due = this.#region.dueAt(now)
    if (due > now) return this.#ctx.after('restart', due - now, { type: 'restart-due' })
    this.#phase.stop.onDue()
    this.#stopped()
  }

  /** Goes on once nothing of the attempt is waited for. */
  #stopped(): void {
    if (this.#phase.kind !== 'stopping') return
    const { next } = this.#phase.stop
    if (next === undefined) return
    if (next !== 'restart') return this.#end(next.outcome, next.error)
    this.#region.onStarted(this.#ctx.now())
    // Whatever is still said of it is old news, and no failure of the next one.
    this.#attempt = undefined
    this.#slots.release(this.#log.state.attempt, this.#epoch)
    if (this.#log.state.retained.length > 0) return this.#restore()
    this.#phase = { kind: 'preparing' }
    this.#first.begin()
  }

  #end(outcome: JobOutcome, error: ErrorInfo | undefined): void {
    this.#phase = { kind: 'ended' }
    const ended = {
      type: 'ended',
      epoch: this.#epoch,
      outcome,
      ...(error === undefined ? {} : { error }),
    } as const
    this.#log.append(ended, (appended) => {
      if (appended.kind === 'refused') return this.#stepDown(appended.reason)
      if (error !== undefined) this.#story.tell({ type: 'failure', error, restartInMs: undefined })
      if (outcome === 'finished' && this.#attempt !== undefined) this.#closeSlots(this.#attempt)
      this.#releaseAllSlots()
      this.#settle(outcome, error)
    })
  }

  /** The log says how it ended: tell, and go. Whoever hears it finds its whole history, too. */
  #settle(outcome: JobOutcome, error: ErrorInfo | undefined): void {
    this.#phase = { kind: 'ended' }
    this.#report()
    this.#history.onEnded(outcome, () => this.#tellEnd(outcome, error))
  }

  #tellEnd(outcome: JobOutcome, error: ErrorInfo | undefined): void {
    // One that finds it ended was never anything else.
    if (this.#epoch === 0) this.#story.isFound(STATUS_OF[outcome])
    else this.#story.moveTo(STATUS_OF[outcome])
    const checkpoint = this.#log.state.retained.at(-1)?.checkpoint
    this.#story.tell({ type: 'ended', outcome, error, checkpoint })
    this.#ctx.exit()
  }

  /** Another leads this job, and whatever we know is old. What runs is that one's, unless it cannot reach it. */
  #stepDown(reason: string): void {
    if (this.#story.isOver) return
    this.#phase = { kind: 'ended' }
    const { run, isAlone, jobManager, logger } = this.#options
    logger.info({ reason }, 'another leads the job')
    if (isAlone) {
      this.#releaseAllSlots()
      this.#story.moveTo('SUSPENDED', reason)
    } else {
      this.#slots.forget()
      this.#ctx.send(jobManager, { type: 'led-elsewhere', run })
    }
    this.#ctx.exit()
  }

  /** For good: those of the next attempt may be granted although it will never start. */
  #releaseAllSlots(): void {
    this.#slots.release((this.#log.state.attempt + 1) as Attempt, this.#epoch)
  }

  // For the coordinator and for whoever watches.

  #onAppend(event: CheckpointEvent): void {
    const asker = this.#ctx.asker
    this.#log.append({ ...event, epoch: this.#epoch }, (appended: Appended) => {
      const { epoch, ended } = this.#log.state
      if (epoch !== this.#epoch) return this.#stepDown(`epoch ${epoch} leads`)
      // The coordinator, which ends with us, would ask again at once, and again.
      if (ended !== undefined) return
      if (asker !== undefined) this.#ctx.replyTo(asker, { ok: true, value: appended })
    })
  }

  #describe(asker: ReplyTo<unknown> | undefined): void {
    if (asker === undefined) return
    if (!this.#checkpoints.describe(asker)) this.#replyDescribed(asker, { ok: true, value: [] })
  }

  #replyDescribed(asker: ReplyTo<unknown>, answer: Answer<readonly CheckpointRecord[]>): void {
    const { run, plan } = this.#options
    const value = jobReport({
      run,
      plan,
      graph: this.#graph,
      story: this.#story,
      attempt: this.#attempt,
      rates: this.#rates,
      history: this.#history.known,
      pending: answer.ok ? answer.value : [],
      retained: this.#epoch === 0 ? [] : this.#log.state.retained,
    })
    this.#ctx.replyTo(asker, { ok: true, value })
  }

  #report(): void {
    const attempt = this.#attempt
    if (attempt !== undefined) {
      const metrics = jobMetrics(attempt, this.#options.plan)
      if (this.#phase.kind === 'running') this.#rates.add(this.#ctx.now(), metrics)
      this.#story.tell({ type: 'metrics', metrics })
    }
    if (this.#phase.kind !== 'ended') this.#ctx.after('report', LIMITS.reportMs, { type: 'report' })
  }
}

function attempted<T>(work: () => T): { ok: true; value: T } | { ok: false; error: ErrorInfo } {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, error: errorInfoOf(error) }
  }
}
