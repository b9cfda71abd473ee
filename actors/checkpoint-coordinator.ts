import type { Actor, ActorContext, ActorRef, Answer, Asks, Outcome, ReplyTo } from '#src/actor/actor.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { CheckpointIds } from '#src/checkpoint/checkpoint-ids.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { type Manifest, manifestOf, type SourceState } from '#src/checkpoint/manifest.js'
import { storeManifest } from '#src/checkpoint/manifest-store.js'
import {
  type AbortedCheckpoint,
  type CollectedCheckpoint,
  type CompletedCheckpoint,
  PendingCheckpoints,
} from '#src/checkpoint/pending-checkpoints.js'
import type { LogEntry, LogEvent, RetainedCheckpoint } from '#src/cluster/log-entry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, Epoch, OperatorId, RunId, SubtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { Part, SubtaskSnapshot } from '#src/state/snapshot.js'
import { CheckpointRetention, type RetentionStep } from './checkpoint-retention.js'
import type { SourceCoordinatorMessage, TakeSourceState } from './source-coordinator.js'
import type {
  CheckpointAborted,
  CheckpointComplete,
  SubtaskControlMessage,
  SubtaskReport,
  TriggerCheckpoint,
} from './subtask-message.js'

/** What the coordinator hears, and from whom. */
export type CheckpointCoordinatorMessage =
  // the job master
  /** Before anything is deployed: whose words count from now on. What belongs to an earlier attempt is given up. */
  | AttemptStarted
  /** All its subtasks run: checkpoints may open. */
  | AttemptRuns
  | ({ readonly type: 'attempt-ended'; readonly attempt: Attempt } & Asks<'ok'>)
  | CheckpointNow
  // whoever shows the job
  | DescribeCheckpoints
  // subtasks
  | SubtaskReport
  // its own steps
  | { readonly type: 'wake' }
  | {
      readonly type: 'source-state'
      readonly checkpoint: CheckpointId
      readonly source: OperatorId
      readonly answer: Answer<SourceState>
    }
  | {
      readonly type: 'trigger-answered'
      readonly checkpoint: CheckpointId
      readonly answer: Answer<'accepted' | 'not-running'>
    }
  | { readonly type: 'stored'; readonly manifest: Manifest; readonly outcome: Outcome<Part> }
  | {
      readonly type: 'appended'
      readonly event: CheckpointEvent
      readonly manifest: Manifest | undefined
      readonly answer: Answer<AppendAnswer>
    }
  | {
      readonly type: 'completion-told'
      readonly checkpoint: CheckpointId
      readonly final: boolean
      readonly subtask: CheckpointedSubtask
      readonly answer: Answer<'ok'>
    }
  | RetentionStep
  | { readonly type: 'told' }

export type AttemptStarted = {
  readonly type: 'attempt-started'
  readonly attempt: Attempt
  readonly subtasks: readonly CheckpointedSubtask[]
  readonly retained: readonly RetainedCheckpoint[]
} & Asks<'ok'>

/**
 * `goesOn`: it has come from somewhere, so that its first checkpoint waits for no interval. `adopted`: it ran before,
 * under another leader.
 */
export type AttemptRuns = {
  readonly type: 'attempt-running'
  readonly attempt: Attempt
  readonly goesOn: boolean
  readonly adopted?: AdoptedAttempt
} & Asks<'ok'>

export interface AdoptedAttempt {
  /** The newest one that was completed in it: its subtasks may not have heard. */
  readonly newest: CheckpointId | undefined
  /** `newest`, when it is known as the final one: none comes after it. */
  readonly final: CheckpointRecord | undefined
  /** Subtasks all of whose inputs have ended. */
  readonly ended: readonly SubtaskId[]
}

/** A checkpoint now, whatever the interval says. Answered when it is complete, or has failed. */
export type CheckpointNow = { readonly type: 'checkpoint-now' } & Asks<CheckpointRecord>

/** Pending ones, newest first. Those of the past were told of. */
export type DescribeCheckpoints = { readonly type: 'describe' } & Asks<readonly CheckpointRecord[]>

export interface CheckpointedSubtask {
  readonly id: SubtaskId
  readonly ref: ActorRef<SubtaskControlMessage>
  /** Set on subtasks whose chain begins with a source. */
  readonly source: OperatorId | undefined
}

/** What the coordinator asks of and tells the job master, who alone appends to the log. */
export type CheckpointCoordinatorReport =
  | AppendEvent
  /** Everything that was to be snapshot had ended: the job is FINISHED once the sinks have confirmed. */
  | {
      readonly type: 'final-checkpoint-complete'
      readonly attempt: Attempt
      readonly checkpoint: CheckpointId
    }
  /** More checkpoints failed in a row than the job tolerates. */
  | CheckpointsFailed
  /** For display, at each change of state. */
  | { readonly type: 'checkpoint-changed'; readonly record: CheckpointRecord }

export type CheckpointsFailed = {
  readonly type: 'checkpoints-failed'
  readonly attempt: Attempt
  readonly error: ErrorInfo
} & Asks<'ok'>

/** Repeated until answered: an event that is in the log already is 'logged'. */
export type AppendEvent = { readonly type: 'append'; readonly event: CheckpointEvent } & Asks<AppendAnswer>

/** Without the epoch: that is the job master's to say. */
export type CheckpointEvent = WithoutEpoch<Extract<LogEvent, { type: 'reserved' | 'completed' | 'released' }>>
type WithoutEpoch<E> = E extends unknown ? Omit<E, 'epoch'> : never

export type AppendAnswer =
  | { readonly kind: 'logged'; readonly entry: LogEntry }
  | { readonly kind: 'refused'; readonly reason: string }

export interface CheckpointCoordinatorOptions {
  readonly run: RunId
  /** Of its job master. */
  readonly epoch: Epoch
  readonly plan: JobPlan
  readonly blobs: BlobStore
  readonly jobMaster: ActorRef<CheckpointCoordinatorReport>
  readonly sources: ReadonlyMap<OperatorId, ActorRef<SourceCoordinatorMessage>>
  /** No id up to this one is used: the log has reserved or completed it. */
  readonly usedTo: CheckpointId
  readonly random: Random
  readonly logger: Logger
  /** Milliseconds since 1970, for display. */
  readonly wallTime: () => number
}

/** Asks that are not worth more patience than this; what they told is told again by the next checkpoint. */
const TELL = { timeoutMs: 30_000, repeatMs: LIMITS.controlAsk.repeatMs }

/**
 * Opens checkpoints, collects one word from every subtask, and asks the job master to log the decision. One lives as
 * long as its job master and serves one attempt after the other; `PendingCheckpoints` decides, this sends.
 */
export class CheckpointCoordinator implements Actor<CheckpointCoordinatorMessage> {
  readonly #options: CheckpointCoordinatorOptions
  readonly #ids: CheckpointIds
  readonly #retention: CheckpointRetention
  #checkpoints: PendingCheckpoints | undefined
  /** Attempts that have ended while the log was asked: what it says is still shown. */
  readonly #closed = new Map<Attempt, PendingCheckpoints>()
  /** The newest attempt that is known to have ended. */
  #ended = 0 as Attempt
  #subtasks: readonly CheckpointedSubtask[] = []
  /** The last one that opened, and the states that source coordinators gave for it. */
  #opening: { readonly checkpoint: CheckpointId; readonly states: Map<OperatorId, SourceState> } | undefined
  #newest: CheckpointId | undefined
  #reserving = false
  /** Who asked for a checkpoint that has not opened yet, and who waits for one that has. */
  #requests: ReplyTo<unknown>[] = []
  /** Of this attempt. */
  #final: CheckpointRecord | undefined
  readonly #waiting = new Map<CheckpointId, ReplyTo<unknown>[]>()

  constructor(options: CheckpointCoordinatorOptions) {
    this.#options = options
    this.#ids = new CheckpointIds(options.usedTo)
    const { run, blobs, plan, logger } = options
    this.#retention = new CheckpointRetention({ run, blobs, keep: plan.checkpoint.retained, logger })
  }

  receive(message: CheckpointCoordinatorMessage, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    this.#handle(message, ctx)
    this.#advance(ctx)
  }

  #handle(message: CheckpointCoordinatorMessage, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const now = ctx.now()
    switch (message.type) {
      case 'attempt-started':
        ctx.reply('ok')
        return this.#onAttemptStarted(message, ctx)
      case 'attempt-running':
        if (this.#isAhead(message.attempt)) return
        ctx.reply('ok')
        return this.#onRuns(message, ctx)
      case 'attempt-ended':
        ctx.reply('ok')
        if (message.attempt > this.#ended) this.#ended = message.attempt
        if (message.attempt === this.#checkpoints?.attempt) this.#closeAttempt(ctx)
        return
      case 'checkpoint-now':
        return this.#final === undefined ? this.#onRequested(ctx.asker) : ctx.reply(this.#final)
      case 'describe':
        return ctx.reply(this.#undecided().flatMap((checkpoints) => checkpoints.records(now)))
      case 'acknowledged':
      case 'declined':
      case 'barrier-emitted':
      case 'ended':
        if (this.#isAhead(message.attempt)) return
        ctx.reply('ok')
        return this.#onReport(message, ctx)
      case 'wake':
        return
      case 'source-state':
        return this.#onSourceState(message.checkpoint, message.source, message.answer, ctx)
      case 'trigger-answered':
        if (message.answer.ok && message.answer.value === 'not-running') {
          this.#onAborted(this.#checkpoints?.onNotRunning(message.checkpoint, now), ctx)
        }
        return
      case 'stored':
        return this.#onStored(message.manifest, message.outcome, ctx)
      case 'appended':
        return this.#onAppended(message.event, message.manifest, message.answer, ctx)
      case 'completion-told': {
        const { checkpoint, final, subtask, answer } = message
        if (!answer.ok && checkpoint === this.#newest) this.#tellCompletion(checkpoint, final, subtask, ctx)
        return
      }
      case 'manifest-read':
        this.#retention.onManifestRead(message)
        return this.#retention.deleteGarbage(this.#pendingSnapshots(), ctx)
      case 'swept':
        return this.#retention.onSwept(message)
      case 'told':
        return
      default:
        assertNever(message)
    }
  }

  #onReport(report: SubtaskReport, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const now = ctx.now()
    switch (report.type) {
      case 'acknowledged':
        return this.#onAcknowledged(report, ctx)
      case 'declined':
        return this.#onAborted(this.#checkpoints?.onDeclined(report, now), ctx)
      case 'barrier-emitted': {
        const { checkpoint, subtask, attempt } = report
        if (this.#checkpoints?.onBarrierEmitted(checkpoint, subtask, attempt) !== true) return
        return this.#tellSources('barriers-emitted', checkpoint, ctx)
      }
      case 'ended':
        return this.#checkpoints?.onEnded(report.subtask, report.attempt, now)
      default:
        assertNever(report)
    }
  }

  /** What is due after every turn: expiry, the next checkpoint, ids for the ones after it, the next alarm. */
  #advance(ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const checkpoints = this.#checkpoints
    if (checkpoints === undefined) return ctx.cancel('wake')
    const now = ctx.now()
    for (const expired of checkpoints.expire(now)) this.#onAborted(expired, ctx)
    this.#reserve(ctx)
    const opened = checkpoints.open({ now, wallTime: this.#options.wallTime() })
    if (opened !== undefined) this.#onOpened(opened, ctx)
    const at = checkpoints.wakeAt()
    if (at === undefined) ctx.cancel('wake')
    else ctx.after('wake', Math.max(0, at - now), { type: 'wake' })
  }

  // Attempts.

  /** Not announced yet. A word of such an attempt is not answered: it comes again, and must not be lost. */
  #isAhead(attempt: Attempt): boolean {
    return attempt > Math.max(this.#checkpoints?.attempt ?? 0, this.#ended)
  }

  #onAttemptStarted(
    { attempt, subtasks, retained }: AttemptStarted,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    if (!this.#isAhead(attempt)) return
    this.#closeAttempt(ctx)
    this.#subtasks = subtasks
    this.#final = undefined
    this.#checkpoints = new PendingCheckpoints({
      policy: this.#options.plan.checkpoint,
      attempt,
      subtasks: subtasks.map(({ id }) => id),
      sources: subtasks.filter(({ source }) => source !== undefined).map(({ id }) => id),
      ids: this.#ids,
    })
    if (this.#requests.length > 0) this.#checkpoints.onRequested()
    for (const { checkpoint } of retained) this.#ids.skip(checkpoint)
    this.#retention.onAttemptStarted(retained, ctx)
  }

  #onRuns({ attempt, goesOn, adopted }: AttemptRuns, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const checkpoints = this.#checkpoints
    if (attempt !== checkpoints?.attempt) return
    if (adopted?.final === undefined) checkpoints.onRunning(ctx.now(), goesOn)
    else this.#onFinal(adopted.final, ctx)
    for (const subtask of adopted?.ended ?? []) checkpoints.onEnded(subtask, attempt, ctx.now())
    if (adopted?.newest !== undefined) this.#tellNewest(adopted.newest, adopted.final !== undefined, ctx)
  }

  #closeAttempt(ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const checkpoints = this.#checkpoints
    for (const aborted of checkpoints?.close(ctx.now()) ?? []) this.#tellOver(aborted.record, ctx)
    if (checkpoints?.hasPending() === true) this.#closed.set(checkpoints.attempt, checkpoints)
    this.#retention.onAttemptEnded()
    this.#newest = undefined
  }

  /** The log has decided about a checkpoint of an attempt that has ended: nobody is told, but it is shown. */
  #onDecidedLate(
    closed: PendingCheckpoints,
    decided: { readonly record: CheckpointRecord } | undefined,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    if (decided !== undefined) this.#tellOver(decided.record, ctx)
    if (!closed.hasPending()) this.#closed.delete(closed.attempt)
  }

  // Opening: source coordinators first, then the sources.

  /** A question that is repeated until it is answered asks for one checkpoint, not for one each time. */
  #onRequested(asker: ReplyTo<unknown> | undefined): void {
    if (asker !== undefined) {
      const waiting = [this.#requests, ...this.#waiting.values()].flat()
      if (waiting.some((one) => one.address === asker.address && one.correlation === asker.correlation))
        return
      this.#requests.push(asker)
    }
    this.#checkpoints?.onRequested()
  }

  #onOpened(opened: CheckpointRecord, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const { checkpoint, attempt } = opened
    this.#waiting.set(checkpoint, this.#requests.splice(0))
    this.#opening = { checkpoint, states: new Map() }
    ctx.send(this.#options.jobMaster, { type: 'checkpoint-changed', record: opened })
    if (this.#options.sources.size === 0) return this.#trigger(checkpoint, [], ctx)
    const patience = { timeoutMs: this.#options.plan.checkpoint.timeoutMs, repeatMs: TELL.repeatMs }
    for (const [source, ref] of this.#options.sources) {
      const take: TakeSourceState = { type: 'snapshot', attempt, checkpoint }
      ctx.ask(ref, take, patience, (answer) => ({
        type: 'source-state',
        checkpoint,
        source,
        answer,
      }))
    }
  }

  #onSourceState(
    checkpoint: CheckpointId,
    source: OperatorId,
    answer: Answer<SourceState>,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    if (!answer.ok) {
      if (answer.failure.kind !== 'failed') return // its time is over: the checkpoint expires
      return this.#onAborted(this.#checkpoints?.onFailed(checkpoint, answer.failure.error, ctx.now()), ctx)
    }
    const opening = this.#opening
    // Of one that was given up: a split that was handed out since is not in it.
    if (opening?.checkpoint !== checkpoint) return
    opening.states.set(source, answer.value)
    if (opening.states.size === this.#options.sources.size)
      this.#trigger(checkpoint, [...opening.states.values()], ctx)
  }

  #trigger(
    checkpoint: CheckpointId,
    states: readonly SourceState[],
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    const checkpoints = this.#checkpoints
    if (checkpoints?.onSourceStates(checkpoint, states) !== true) return
    const patience = { timeoutMs: this.#options.plan.checkpoint.timeoutMs, repeatMs: TELL.repeatMs }
    const { epoch } = this.#options
    const trigger: TriggerCheckpoint = { type: 'trigger', epoch, checkpoint, aborted: checkpoints.aborted() }
    for (const { ref, source } of this.#subtasks) {
      if (source === undefined) continue
      ctx.ask(ref, trigger, patience, (answer) => ({ type: 'trigger-answered', checkpoint, answer }))
    }
  }

  // Collecting, and the decision.

  #onAcknowledged(
    word: Extract<SubtaskReport, { type: 'acknowledged' }>,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    const checkpoints = this.#checkpoints
    if (checkpoints === undefined) return
    const verdict = checkpoints.onAcknowledged(word, ctx.now())
    switch (verdict.kind) {
      case 'collecting':
        return
      case 'late':
        // Stored in vain; but of an earlier attempt the next sweep knows better, and nothing is staged there.
        if (word.attempt === checkpoints.attempt) this.#retention.onAborted(word.checkpoint, [word.snapshot])
        return
      case 'collected':
        return this.#store(verdict, ctx)
      default:
        assertNever(verdict)
    }
  }

  #store(collected: CollectedCheckpoint, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const { run, plan, blobs, random, wallTime } = this.#options
    const attempt = this.#checkpoints?.attempt
    if (attempt === undefined) return
    const { checkpoint, triggeredAt, sources, snapshots } = collected
    const head = { run, plan, checkpoint, attempt, triggeredAt, completedAt: wallTime() }
    const manifest = manifestOf(head, sources, snapshots)
    ctx.pipeToSelf(
      // What a connector put into a position may not be JSON: that fails this checkpoint, not the coordinator.
      Promise.resolve().then(() => storeManifest(blobs, manifest, random)),
      (outcome) => ({ type: 'stored', manifest, outcome }),
    )
  }

  #onStored(
    manifest: Manifest,
    outcome: Outcome<Part>,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    const { checkpoint, attempt } = manifest
    if (attempt !== this.#checkpoints?.attempt) return
    if (!outcome.ok) {
      return this.#onAborted(
        this.#checkpoints.onFailed(checkpoint, errorInfoOf(outcome.error), ctx.now()),
        ctx,
      )
    }
    if (!this.#checkpoints.onStored(checkpoint)) return
    this.#append({ type: 'completed', attempt, checkpoint, manifest: outcome.value }, manifest, ctx)
  }

  #append(
    event: CheckpointEvent,
    manifest: Manifest | undefined,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    const append: AppendEvent = { type: 'append', event }
    ctx.ask(this.#options.jobMaster, append, LIMITS.controlAsk, (answer) => ({
      type: 'appended',
      event,
      manifest,
      answer,
    }))
  }

  #onAppended(
    event: CheckpointEvent,
    manifest: Manifest | undefined,
    answer: Answer<AppendAnswer>,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    // No answer means unknown: the same event again, until it is known.
    if (!answer.ok) return this.#append(event, manifest, ctx)
    const logged = answer.value.kind === 'logged'
    if (answer.value.kind === 'refused') {
      this.#options.logger.warn({ event, reason: answer.value.reason }, 'the log refused an entry')
    }
    switch (event.type) {
      case 'reserved':
        this.#reserving = false
        if (logged) this.#ids.reserve(event.to)
        return
      case 'completed':
        if (manifest === undefined) return
        if (answer.value.kind === 'logged') return this.#onCompleted(event.manifest, manifest, ctx)
        return this.#onRefused(event, answer.value.reason, ctx)
      case 'released':
        this.#retention.onReleaseAnswered(event.checkpoints, logged)
        return this.#retention.deleteGarbage(this.#pendingSnapshots(), ctx)
      default:
        assertNever(event)
    }
  }

  #onRefused(
    { attempt, checkpoint }: Extract<CheckpointEvent, { type: 'completed' }>,
    reason: string,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    const closed = this.#closed.get(attempt)
    if (closed !== undefined)
      return this.#onDecidedLate(closed, closed.onRefused(checkpoint, reason, ctx.now()), ctx)
    if (attempt !== this.#checkpoints?.attempt) return
    this.#onAborted(this.#checkpoints.onRefused(checkpoint, reason, ctx.now()), ctx)
  }

  #onCompleted(part: Part, manifest: Manifest, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const { checkpoint, attempt } = manifest
    this.#retention.onCompleted(manifest, part)
    // Its attempt may be over: it is complete all the same, and the next attempt starts from it.
    const closed = this.#closed.get(attempt)
    if (closed !== undefined) this.#onDecidedLate(closed, closed.onLogged(checkpoint, ctx.now()), ctx)
    else if (attempt === this.#checkpoints?.attempt)
      this.#tellCompleted(this.#checkpoints.onLogged(checkpoint, ctx.now()), attempt, ctx)
    if (attempt === this.#checkpoints?.attempt) this.#retention.sweep(attempt, ctx)
    const released = this.#retention.takeReleases()
    if (released.length > 0) this.#append({ type: 'released', checkpoints: released }, undefined, ctx)
    this.#retention.deleteGarbage(this.#pendingSnapshots(), ctx)
  }

  #tellCompleted(
    completed: CompletedCheckpoint | undefined,
    attempt: Attempt,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    if (completed === undefined) return
    const { checkpoint, final, record, subsumed } = completed
    for (const older of subsumed) {
      this.#retention.onAborted(older.checkpoint, older.snapshots)
      this.#tellSources('aborted', older.checkpoint, ctx)
      this.#tellOver(older.record, ctx)
    }
    this.#tellSources('barriers-emitted', checkpoint, ctx)
    // The log's answers may come in another order: a newer one, already told, covers it.
    if (this.#newest === undefined || checkpoint > this.#newest) this.#tellNewest(checkpoint, final, ctx)
    this.#tellOver(record, ctx)
    if (!final) return
    ctx.send(this.#options.jobMaster, { type: 'final-checkpoint-complete', attempt, checkpoint })
    this.#onFinal(record, ctx)
  }

  /** None comes after it: it is the answer for whoever asks for one. */
  #onFinal(record: CheckpointRecord, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    this.#final = record
    for (const asker of this.#requests.splice(0)) ctx.replyTo(asker, { ok: true, value: record })
  }

  #tellNewest(
    checkpoint: CheckpointId,
    final: boolean,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    this.#newest = checkpoint
    for (const subtask of this.#subtasks) this.#tellCompletion(checkpoint, final, subtask, ctx)
  }

  #tellCompletion(
    checkpoint: CheckpointId,
    final: boolean,
    subtask: CheckpointedSubtask,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    const complete: CheckpointComplete = { type: 'complete', epoch: this.#options.epoch, checkpoint, final }
    ctx.ask(subtask.ref, complete, TELL, (answer) => ({
      type: 'completion-told',
      checkpoint,
      final,
      subtask,
      answer,
    }))
  }

  #onAborted(aborted: AbortedCheckpoint | undefined, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    if (aborted === undefined) return
    const { checkpoint, snapshots, record, intolerable } = aborted
    this.#retention.onAborted(checkpoint, snapshots)
    const abort: CheckpointAborted = { type: 'abort', epoch: this.#options.epoch, checkpoint }
    for (const { ref } of this.#subtasks) ctx.ask(ref, abort, TELL, () => ({ type: 'told' }))
    this.#tellSources('aborted', checkpoint, ctx)
    this.#tellOver(record, ctx)
    if (intolerable === undefined || this.#checkpoints === undefined) return
    const { attempt } = this.#checkpoints
    this.#closeAttempt(ctx)
    const failed: CheckpointsFailed = { type: 'checkpoints-failed', attempt, error: intolerable }
    ctx.ask(this.#options.jobMaster, failed, LIMITS.controlAsk, () => ({ type: 'told' }))
  }

  #tellSources(
    type: 'barriers-emitted' | 'aborted',
    checkpoint: CheckpointId,
    ctx: ActorContext<CheckpointCoordinatorMessage>,
  ): void {
    const attempt = this.#checkpoints?.attempt
    if (attempt === undefined) return
    for (const ref of this.#options.sources.values()) {
      ctx.ask(ref, { type, attempt, checkpoint }, TELL, () => ({ type: 'told' }))
    }
  }

  /** Blobs of these must stay, whoever else gives them up. */
  #pendingSnapshots(): readonly SubtaskSnapshot[] {
    return this.#undecided().flatMap((checkpoints) => checkpoints.snapshots())
  }

  /** Those of this attempt, and what ended ones have left to the log; newest first. */
  #undecided(): readonly PendingCheckpoints[] {
    const { attempt } = this.#checkpoints ?? {}
    const earlier = [...this.#closed.values()].filter((closed) => closed.attempt !== attempt).reverse()
    return this.#checkpoints === undefined ? earlier : [this.#checkpoints, ...earlier]
  }

  /** A checkpoint has ended, one way or the other. */
  #tellOver(record: CheckpointRecord, ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    ctx.send(this.#options.jobMaster, { type: 'checkpoint-changed', record })
    for (const asker of this.#waiting.get(record.checkpoint) ?? [])
      ctx.replyTo(asker, { ok: true, value: record })
    this.#waiting.delete(record.checkpoint)
  }

  // Ids.

  #reserve(ctx: ActorContext<CheckpointCoordinatorMessage>): void {
    const to = this.#reserving ? undefined : this.#ids.wanted(LIMITS.reservedIds)
    if (to === undefined) return
    this.#reserving = true
    this.#append({ type: 'reserved', to }, undefined, ctx)
  }
}
