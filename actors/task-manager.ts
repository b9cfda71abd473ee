import type {
  Actor,
  ActorContext,
  ActorRef,
  Address,
  Answer,
  AskFailure,
  Asks,
  ReplyTo,
} from '#src/actor/actor.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf, RetakeError } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, Epoch, RunId, SlotIndex, SubtaskIndex, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { ThreadActors } from './cluster-view.js'
import type { Direction } from './direction.js'
import type { DirectsAttempt, JobReplaced } from './job-master.js'
import type {
  HeartbeatAnswer,
  HeldSlot,
  ResourceManagerMessage,
  TaskManagerAlive,
} from './resource-manager.js'
import type { AdoptSubtasks, DescribeActors, SlotMessage } from './slot.js'
import type { JobCode, SlotThread, SlotThreads } from './slot-threads.js'
import type { SubtaskStanding } from './subtask-message.js'

export type OpenSlotAnswer =
  | { readonly kind: 'open'; readonly slot: ActorRef<SlotMessage> }
  | { readonly kind: 'refused'; readonly error: ErrorInfo }

/** What a task manager hears, and from whom. */
export type TaskManagerMessage =
  // job masters; all three may be repeated
  | OpenSlot
  | AdoptSlot
  | CloseSlot
  // its process: no slot is opened from now on; answered when none is held any more
  | DrainTaskManager
  // the resource manager, when another comes by its name
  | AreYouThere
  // its threads
  | { readonly type: 'thread-ready'; readonly system: SystemId; readonly slot: ActorRef<SlotMessage> }
  | { readonly type: 'thread-exited'; readonly system: SystemId; readonly error: ErrorInfo | undefined }
  // its own
  | { readonly type: 'close-overdue'; readonly slot: SlotIndex; readonly attempt: Attempt }
  | { readonly type: 'slot-closed'; readonly slot: SlotIndex; readonly attempt: Attempt }
  | { readonly type: 'job-master-ended'; readonly jobMaster: Address }
  | {
      readonly type: 'slot-adopted'
      readonly slot: ActorRef<SlotMessage>
      readonly asker: ReplyTo<unknown>
      readonly answer: Answer<readonly SubtaskStanding[]>
    }
  | {
      readonly type: 'job-master-asked'
      readonly slot: SlotIndex
      readonly direction: Direction
      readonly isThere: boolean
    }
  | {
      readonly type: 'slot-lost-told'
      readonly slot: SlotIndex
      readonly attempt: Attempt
      readonly isHeard: boolean
    }
  | { readonly type: 'told' }
  | { readonly type: 'heartbeat-due' }
  | { readonly type: 'heartbeat-answered'; readonly sentAt: number; readonly answer: Answer<HeartbeatAnswer> }
  // whoever shows the cluster
  | DescribeThreads
  | {
      readonly type: 'slot-described'
      readonly survey: ThreadSurvey
      readonly slot: SlotIndex
      readonly answer: Answer<ActorSnapshot>
    }
  // whoever tries what happens: ends the thread of one open slot as a crash would; answers whether there was one
  | CrashSlot

/** Of this attempt and those before it, unless another has adopted it under a higher epoch. */
export type CloseSlot = {
  readonly type: 'close-slot'
  readonly slot: SlotIndex
  readonly run: RunId
  readonly attempt: Attempt
  readonly epoch: Epoch
} & Asks<'ok'>

export type CrashSlot = { readonly type: 'crash-slot' } & Asks<boolean>

export type OpenSlot = {
  readonly type: 'open-slot'
  readonly slot: SlotIndex
  readonly run: RunId
  readonly attempt: Attempt
  /** Subtasks of this parallel index run there. */
  readonly index: SubtaskIndex
  readonly code: JobCode
  readonly direction: Direction
  /** Of the leader whose job master asks: a slot may be somebody else's since. */
  readonly term: number
} & Asks<OpenSlotAnswer>

/** Another directs the job from now on; what runs goes on. `settled`: as in `AdoptSubtask`. */
export type AdoptSlot = {
  readonly type: 'adopt-slot'
  readonly slot: SlotIndex
  readonly run: RunId
  readonly attempt: Attempt
  readonly direction: Direction
  readonly settled: CheckpointId
} & Asks<AdoptSlotAnswer>

export type AdoptSlotAnswer =
  | {
      readonly kind: 'adopted'
      readonly slot: ActorRef<SlotMessage>
      readonly subtasks: readonly SubtaskStanding[]
    }
  /** Nothing of the attempt runs there; `error` is what it ended for, when it did not end by order. */
  | { readonly kind: 'gone'; readonly error: ErrorInfo | undefined }

export type DrainTaskManager = { readonly type: 'drain' } & Asks<'drained'>
export type AreYouThere = { readonly type: 'are-you-there' } & Asks<'here'>
/** The actors of its main thread, and of each slot that answers. */
export type DescribeThreads = { readonly type: 'describe-threads' } & Asks<readonly ThreadActors[]>

/** What a task manager's process hears of it. */
export type TaskManagerNews =
  | { readonly type: 'registered' }
  /** It belongs to no cluster yet, or no more; `reason` is for people. */
  | { readonly type: 'waiting'; readonly reason: string }
  /** It is answered again. */
  | { readonly type: 'back' }
  | { readonly type: 'warning'; readonly error: ErrorInfo }
  /** It may run nothing any more, and has stopped what it ran. `evicted`: it was taken for dead. */
  | { readonly type: 'lost'; readonly reason: 'evicted' | 'fenced' }
  | { readonly type: 'refused'; readonly error: ErrorInfo }
  /** While it drains: so many slots are still held. */
  | { readonly type: 'draining'; readonly held: number }

type Waiting = ReplyTo<unknown>
type SlotToClose = Pick<CloseSlot, 'slot' | 'run' | 'attempt' | 'epoch'>

interface SlotState {
  readonly request: OpenSlot
  readonly thread: SlotThread
  direction: Direction
  /** Since when its job master has ended, as far as is known here. */
  orphanedAt: number | undefined
  phase: 'starting' | 'open' | 'closing' | 'gone'
  slot: ActorRef<SlotMessage> | undefined
  error: ErrorInfo | undefined
  openers: Waiting[]
  closers: Waiting[]
}

/** Whose question is being answered, how many slots have not answered yet, and what is known so far. */
interface ThreadSurvey {
  readonly asker: Waiting
  waiting: number
  readonly threads: ThreadActors[]
}

/** What outlives a task manager in its process: an incarnation that is lost does not take its count along. */
export interface ProcessMeters {
  fencedWrites: number
}

export interface TaskManagerOptions {
  readonly info: NodeInfo
  readonly slots: number
  /** What runs in a slot whose job master has ended is left to whoever takes the job over, for so long. */
  readonly orphanMs: number
  /** By its system or by a name. */
  readonly resourceManager: ActorRef<ResourceManagerMessage>
  readonly threads: SlotThreads
  readonly meters: ProcessMeters
  /** Of this process, now. */
  readonly residentBytes: () => number
  readonly wallTime: () => number
  /** The actors of its own thread. */
  readonly tree: () => ActorSnapshot
  /** In a turn of its own. */
  readonly onNews: (news: TaskManagerNews) => void
}

/**
 * How it stands with the cluster.
 *
 *     joining     no resource manager has taken it in yet
 *     member      `answeredAt`: when the last answered heartbeat was sent; unanswered for too long it fences itself
 *     lost        or refused: stops all that it runs; only another incarnation may join again
 */
type Standing =
  | { readonly kind: 'joining' }
  | { readonly kind: 'member'; readonly answeredAt: number; readonly heartbeatTimeoutMs: number }
  | { readonly kind: 'lost' }

/**
 * Offers slots, and gives each attempt a thread of its own in a slot. It never starts anything again by itself: state
 * must come back under a new attempt, so it only tells the job master that a slot is lost.
 *
 * It tells the resource manager every second that it is there. One that hears no answer for most of the time after
 * which it is taken for dead, or hears that it was, stops all that it runs: others may be doing its work already.
 */
export class TaskManager implements Actor<TaskManagerMessage> {
  readonly #options: TaskManagerOptions
  readonly #slots = new Map<SlotIndex, SlotState>()
  #startedAt = 0
  #standing: Standing = { kind: 'joining' }
  /** Of the newest leader that has answered. */
  #term = 0
  #waitsFor: string | undefined
  #warning: string | undefined
  /** Who waits until no slot is held; undefined while it does not drain. */
  #drainers: Waiting[] | undefined

  constructor(options: TaskManagerOptions) {
    this.#options = options
  }

  start(ctx: ActorContext<TaskManagerMessage>): void {
    this.#startedAt = ctx.now()
    this.#beat(ctx)
  }

  receive(message: TaskManagerMessage, ctx: ActorContext<TaskManagerMessage>): void {
    switch (message.type) {
      case 'open-slot':
        return this.#open(message, ctx)
      case 'adopt-slot':
        return this.#adopt(message, ctx)
      case 'slot-adopted':
        if (message.answer.ok)
          ctx.replyTo(message.asker, {
            ok: true,
            value: { kind: 'adopted', slot: message.slot, subtasks: message.answer.value },
          })
        return
      case 'close-slot':
        return this.#close(message, ctx)
      case 'thread-ready':
        return this.#onReady(message.system, message.slot, ctx)
      case 'thread-exited':
        return this.#onExited(message.system, message.error, ctx)
      case 'slot-closed':
        return this.#closing(message.slot, message.attempt)?.end()
      case 'close-overdue':
        return this.#closing(message.slot, message.attempt)?.terminate()
      case 'job-master-ended':
        return this.#onJobMasterEnded(message.jobMaster, ctx)
      case 'job-master-asked':
        return this.#onJobMasterAsked(message, ctx)
      case 'heartbeat-due':
        this.#closeOrphans(ctx)
        return this.#beat(ctx)
      case 'heartbeat-answered':
        return this.#onHeartbeatAnswered(message.sentAt, message.answer, ctx)
      case 'are-you-there':
        return ctx.reply('here')
      case 'drain':
        return this.#drain(ctx)
      case 'describe-threads':
        return this.#describeThreads(ctx)
      case 'slot-described':
        return this.#onSlotDescribed(message, ctx)
      case 'told':
        return
      case 'slot-lost-told':
        return message.isHeard ? undefined : this.#tellLost(message.slot, message.attempt, ctx)
      case 'crash-slot': {
        const open = [...this.#slots.values()].find(({ phase }) => phase === 'open')
        open?.thread.terminate()
        return ctx.reply(open !== undefined)
      }
      default:
        assertNever(message)
    }
  }

  stop(): void {
    for (const { thread } of this.#slots.values()) thread.end()
  }

  // Its place in the cluster.

  #beat(ctx: ActorContext<TaskManagerMessage>): void {
    const everyMs = this.#standing.kind === 'joining' ? LIMITS.joinMs : LIMITS.heartbeatMs
    ctx.after('heartbeat', everyMs, { type: 'heartbeat-due' })
    // Before anything else: a process that was frozen goes on as if no time had passed.
    if (this.#isUnanswered(ctx.now())) this.#lose('fenced')
    if (this.#standing.kind === 'lost') return
    const { info, slots, resourceManager, meters, residentBytes, wallTime, onNews } = this.#options
    if (this.#drainers !== undefined) onNews({ type: 'draining', held: this.#slots.size })
    const beat: TaskManagerAlive = {
      type: 'heartbeat',
      heartbeat: {
        info,
        taskManager: ctx.self,
        slots,
        held: this.#held(),
        state: this.#drainers === undefined ? 'alive' : 'draining',
        wallTime: wallTime(),
        residentBytes: residentBytes(),
        fencedWrites: meters.fencedWrites,
      },
    }
    const sentAt = ctx.now()
    ctx.ask(resourceManager, beat, { timeoutMs: LIMITS.heartbeatMs * 2 }, (answer) => ({
      type: 'heartbeat-answered',
      sentAt,
      answer,
    }))
  }

  #isUnanswered(now: number): boolean {
    const standing = this.#standing
    if (standing.kind !== 'member') return false
    return now - standing.answeredAt > standing.heartbeatTimeoutMs * LIMITS.selfFenceShare
  }

  #onHeartbeatAnswered(
    sentAt: number,
    answer: Answer<HeartbeatAnswer>,
    ctx: ActorContext<TaskManagerMessage>,
  ): void {
    // An answer that waited until a frozen process went on is as old as its question.
    if (this.#isUnanswered(ctx.now())) this.#lose('fenced')
    if (this.#standing.kind === 'lost') return
    if (!answer.ok) return this.#waitFor(WHY_WAITING[answer.failure.kind], ctx)
    // Beside the one who leads another answers who did: he may have taken for dead whom he could not hear.
    if (answer.value.term < this.#term) return
    this.#term = answer.value.term
    const { onNews } = this.#options
    switch (answer.value.kind) {
      case 'registered':
        return this.#onRegistered(sentAt, answer.value)
      case 'waiting':
        return this.#waitFor(answer.value.reason, ctx)
      case 'evicted':
        return this.#lose('evicted')
      case 'refused':
        this.#standing = { kind: 'lost' }
        return onNews({ type: 'refused', error: answer.value.error })
      default:
        assertNever(answer.value)
    }
  }

  #onRegistered(sentAt: number, answer: Extract<HeartbeatAnswer, { kind: 'registered' }>): void {
    const { heartbeatTimeoutMs, warning } = answer
    const isNew = this.#standing.kind === 'joining'
    const before = this.#standing.kind === 'member' ? this.#standing.answeredAt : sentAt
    this.#standing = { kind: 'member', answeredAt: Math.max(before, sentAt), heartbeatTimeoutMs }
    if (isNew) this.#options.onNews({ type: 'registered' })
    else if (this.#waitsFor !== undefined) this.#options.onNews({ type: 'back' })
    this.#waitsFor = undefined
    if (warning !== undefined && this.#warning !== warning.code)
      this.#options.onNews({ type: 'warning', error: warning })
    this.#warning = warning?.code
  }

  /** Whoever has only just come is not told that others take a moment to do the same. */
  #waitFor(reason: string, ctx: ActorContext<TaskManagerMessage>): void {
    if (this.#waitsFor === reason || ctx.now() - this.#startedAt < LIMITS.heartbeatMs) return
    this.#waitsFor = reason
    this.#options.onNews({ type: 'waiting', reason })
  }

  /** Others may be doing its work already: nothing here goes on, and a word of this incarnation counts nowhere. */
  #lose(reason: 'evicted' | 'fenced'): void {
    this.#standing = { kind: 'lost' }
    for (const { thread } of this.#slots.values()) thread.fence()
    this.#options.onNews({ type: 'lost', reason })
  }

  #drain(ctx: ActorContext<TaskManagerMessage>): void {
    this.#drainers ??= []
    if (ctx.asker !== undefined) this.#drainers.push(ctx.asker)
    this.#answerDrainers(ctx)
    // The resource manager hears of it at once.
    if (this.#standing.kind === 'member') this.#beat(ctx)
  }

  #answerDrainers(ctx: ActorContext<TaskManagerMessage>): void {
    if (this.#slots.size > 0) return
    for (const asker of this.#drainers?.splice(0) ?? []) ctx.replyTo(asker, { ok: true, value: 'drained' })
  }

  #describeThreads(ctx: ActorContext<TaskManagerMessage>): void {
    const { asker } = ctx
    if (asker === undefined) return
    const open = [...this.#slots].flatMap(([slot, { slot: ref }]) =>
      ref === undefined ? [] : [{ slot, ref }],
    )
    const survey: ThreadSurvey = { asker, waiting: open.length, threads: [this.#ownThread()] }
    for (const { slot, ref } of open) {
      const describe: DescribeActors = { type: 'describe-actors' }
      ctx.ask(ref, describe, { timeoutMs: LIMITS.describeMs }, (answer) => ({
        type: 'slot-described',
        survey,
        slot,
        answer,
      }))
    }
    this.#answerSurvey(survey, ctx)
  }

  #onSlotDescribed(
    { survey, slot, answer }: Extract<TaskManagerMessage, { type: 'slot-described' }>,
    ctx: ActorContext<TaskManagerMessage>,
  ): void {
    const { node, name } = this.#options.info
    if (answer.ok) survey.threads.push({ node, name, slot, tree: answer.value })
    survey.waiting--
    this.#answerSurvey(survey, ctx)
  }

  #answerSurvey({ asker, waiting, threads }: ThreadSurvey, ctx: ActorContext<TaskManagerMessage>): void {
    if (waiting === 0) ctx.replyTo(asker, { ok: true, value: threads })
  }

  #ownThread(): ThreadActors {
    const { info, tree } = this.#options
    return { node: info.node, name: info.name, slot: undefined, tree: tree() }
  }

  // Slots.

  #open(request: OpenSlot, ctx: ActorContext<TaskManagerMessage>): void {
    if (this.#standing.kind === 'lost' || request.term < this.#term) return
    const state = this.#slots.get(request.slot)
    if (state !== undefined && isSame(state, request)) return this.#answerOpener(state, ctx)
    // An old question that comes late.
    if (state?.request.run === request.run && request.attempt < state.request.attempt) return
    if (state !== undefined) this.#replace(state, request, ctx)
    const thread = this.#options.threads.start(request, {
      onReady: (slot) => ctx.send(ctx.self, { type: 'thread-ready', system: thread.system, slot }),
      onExit: (error) => ctx.send(ctx.self, { type: 'thread-exited', system: thread.system, error }),
      onFencedWrite: () => {
        this.#options.meters.fencedWrites++
      },
    })
    const opened: SlotState = {
      request,
      thread,
      direction: request.direction,
      orphanedAt: undefined,
      phase: 'starting',
      slot: undefined,
      error: undefined,
      openers: [],
      closers: [],
    }
    this.#slots.set(request.slot, opened)
    this.#answerOpener(opened, ctx)
    this.#watch(request.direction, ctx)
  }

  /**
   * The slot serves what is over, and its close has not come yet, or was lost. Of another run that is not sure: a leader
   * that was replaced, and does not know, asks for slots that are no longer his to ask for.
   */
  #replace(state: SlotState, by: OpenSlot, ctx: ActorContext<TaskManagerMessage>): void {
    const { request, direction, thread, closers } = state
    thread.terminate()
    for (const asker of closers) ctx.replyTo(asker, { ok: true, value: 'ok' })
    if (request.run === by.run) return this.#tellReplaced(state, by.direction.epoch, ctx)
    const { slot, attempt } = request
    const { node, name } = this.#options.info
    const error = errorInfoOf(slotLost(name, request))
    const lost = { type: 'slot-lost', attempt, node, slot, error } as const
    ctx.ask(direction.jobMaster, lost, TELL_REPLACED, () => ({
      type: 'slot-lost-told',
      slot,
      attempt,
      isHeard: true,
    }))
  }

  // Who directs what runs here.

  /** Anew: what is still told of one that lived at the same address before is not about this one. */
  #watch({ jobMaster }: Direction, ctx: ActorContext<TaskManagerMessage>): void {
    ctx.unwatch(jobMaster)
    ctx.watch(jobMaster, () => ({ type: 'job-master-ended', jobMaster: jobMaster.address }))
  }

  /** The word of a leader that has been replaced is not answered; a slot that is not open is as good as gone. */
  #adopt({ slot, run, attempt, direction, settled }: AdoptSlot, ctx: ActorContext<TaskManagerMessage>): void {
    const { asker } = ctx
    if (this.#standing.kind === 'lost' || asker === undefined) return
    const gone = (error?: ErrorInfo) => ctx.reply<AdoptSlotAnswer>({ kind: 'gone', error })
    const state = this.#slots.get(slot)
    if (state === undefined || state.request.run !== run || state.request.attempt !== attempt) return gone()
    if (direction.epoch < state.direction.epoch) return
    this.#tellReplaced(state, direction.epoch, ctx)
    state.direction = direction
    state.orphanedAt = undefined
    this.#watch(direction, ctx)
    if (state.phase === 'gone') return gone(state.error)
    const { slot: ref } = state
    if (state.phase !== 'open' || ref === undefined) return gone()
    const adopt: AdoptSubtasks = { type: 'adopt', direction, settled }
    ctx.ask(ref, adopt, { timeoutMs: LIMITS.adoptMs }, (answer) => ({
      type: 'slot-adopted',
      slot: ref,
      asker,
      answer,
    }))
  }

  /** It may stand still, or be cut off, and would go on as if it led. */
  #tellReplaced({ direction }: SlotState, epoch: Epoch, ctx: ActorContext<TaskManagerMessage>): void {
    if (epoch <= direction.epoch) return
    const replaced: JobReplaced = { type: 'replaced', epoch }
    ctx.ask(direction.jobMaster, replaced, LIMITS.controlAsk, () => ({ type: 'told' }))
  }

  #onJobMasterEnded(jobMaster: Address, ctx: ActorContext<TaskManagerMessage>): void {
    for (const state of this.#slots.values())
      if (state.direction.jobMaster.address === jobMaster) state.orphanedAt ??= ctx.now()
    this.#closeOrphans(ctx)
  }

  /** Whoever leads now has had the time to adopt what is to go on; nobody else closes the rest. */
  #closeOrphans(ctx: ActorContext<TaskManagerMessage>): void {
    const now = ctx.now()
    for (const state of this.#slots.values()) {
      if (state.orphanedAt === undefined) continue
      const { slot, run, attempt } = state.request
      if (now - state.orphanedAt < this.#options.orphanMs) this.#askJobMaster(state, ctx)
      else this.#close({ slot, run, attempt, epoch: state.direction.epoch }, ctx)
    }
  }

  /** It may only have been out of reach, and would never hear that its slot was closed. */
  #askJobMaster({ request, direction }: SlotState, ctx: ActorContext<TaskManagerMessage>): void {
    const question: DirectsAttempt = { type: 'directs-attempt', attempt: request.attempt }
    ctx.ask(direction.jobMaster, question, { timeoutMs: LIMITS.heartbeatMs }, ({ ok }) => ({
      type: 'job-master-asked',
      slot: request.slot,
      direction,
      isThere: ok,
    }))
  }

  #onJobMasterAsked(
    { slot, direction, isThere }: Extract<TaskManagerMessage, { type: 'job-master-asked' }>,
    ctx: ActorContext<TaskManagerMessage>,
  ): void {
    const state = this.#slots.get(slot)
    if (!isThere || state?.direction !== direction || state.orphanedAt === undefined) return
    state.orphanedAt = undefined
    this.#watch(direction, ctx)
  }

  #held(): readonly HeldSlot[] {
    return [...this.#slots.values()].map(({ request: { slot, run, attempt, index } }) => ({
      slot,
      run,
      attempt,
      index,
    }))
  }

  /** Answers now if the outcome is known, else when it will be. */
  #answerOpener(state: SlotState, ctx: ActorContext<TaskManagerMessage>): void {
    if (state.phase === 'starting') {
      if (ctx.asker !== undefined) state.openers.push(ctx.asker)
      return
    }
    ctx.reply(openAnswer(state))
  }

  #onReady(system: SystemId, slot: ActorRef<SlotMessage>, ctx: ActorContext<TaskManagerMessage>): void {
    const state = this.#stateOf(system)
    if (state === undefined || state.phase !== 'starting') return
    state.phase = 'open'
    state.slot = slot
    this.#settle(state, ctx)
  }

  #onExited(system: SystemId, error: ErrorInfo | undefined, ctx: ActorContext<TaskManagerMessage>): void {
    const state = this.#stateOf(system)
    if (state === undefined) return
    const before = state.phase
    state.phase = 'gone'
    state.error = error ?? errorInfoOf(slotLost(this.#options.info.name, state.request))
    this.#settle(state, ctx)
    if (this.#standing.kind === 'lost') return
    if (before === 'open') this.#tellLost(state.request.slot, state.request.attempt, ctx)
    if (before === 'closing') this.#forget(state.request.slot, ctx)
  }

  #forget(slot: SlotIndex, ctx: ActorContext<TaskManagerMessage>): void {
    this.#slots.delete(slot)
    this.#answerDrainers(ctx)
  }

  /** Until somebody has heard it, or the slot is closed. */
  #tellLost(slot: SlotIndex, attempt: Attempt, ctx: ActorContext<TaskManagerMessage>): void {
    const state = this.#slots.get(slot)
    if (state?.phase !== 'gone' || state.request.attempt !== attempt || state.error === undefined) return
    const { node } = this.#options.info
    const lost = { type: 'slot-lost', attempt, node, slot, error: state.error } as const
    ctx.ask(state.direction.jobMaster, lost, LIMITS.controlAsk, ({ ok }) => ({
      type: 'slot-lost-told',
      slot,
      attempt,
      isHeard: ok,
    }))
  }

  #close({ slot, run, attempt, epoch }: SlotToClose, ctx: ActorContext<TaskManagerMessage>): void {
    const state = this.#slots.get(slot)
    const isOther = state === undefined || state.request.run !== run || state.request.attempt > attempt
    if (isOther || state.direction.epoch > epoch) return ctx.reply('ok')
    this.#tellReplaced(state, epoch, ctx)
    if (state.phase === 'gone') {
      this.#forget(slot, ctx)
      return ctx.reply('ok')
    }
    if (ctx.asker !== undefined) state.closers.push(ctx.asker)
    if (state.phase === 'closing') return
    const closing = state.request.attempt
    if (state.phase === 'open' && state.slot !== undefined) {
      ctx.ask(state.slot, { type: 'close' }, { timeoutMs: LIMITS.cancelMs }, () => ({
        type: 'slot-closed',
        slot,
        attempt: closing,
      }))
    } else {
      ctx.send(ctx.self, { type: 'slot-closed', slot, attempt: closing })
    }
    state.phase = 'closing'
    ctx.after(`close-${slot}`, LIMITS.cancelMs, { type: 'close-overdue', slot, attempt: closing })
  }

  /** The thread that is being closed there, if it is still that one. */
  #closing(slot: SlotIndex, attempt: Attempt): SlotThread | undefined {
    const state = this.#slots.get(slot)
    return state?.phase === 'closing' && state.request.attempt === attempt ? state.thread : undefined
  }

  #settle(state: SlotState, ctx: ActorContext<TaskManagerMessage>): void {
    for (const asker of state.openers.splice(0)) ctx.replyTo(asker, { ok: true, value: openAnswer(state) })
    if (state.phase !== 'gone') return
    for (const asker of state.closers.splice(0)) ctx.replyTo(asker, { ok: true, value: 'ok' })
  }

  #stateOf(system: SystemId): SlotState | undefined {
    for (const state of this.#slots.values()) if (state.thread.system === system) return state
    return undefined
  }
}

/** Most often nobody is left who would hear it. */
const TELL_REPLACED = { timeoutMs: 10_000, repeatMs: LIMITS.controlAsk.repeatMs }

const WHY_WAITING: Readonly<Record<AskFailure['kind'], string>> = {
  'no-responder': 'there is no job manager',
  'timed-out': 'the job manager does not answer',
  'link-down': 'NATS is away',
  'mailbox-full': 'the job manager has more to do than it can take',
  failed: 'the job manager has failed',
}

function isSame(state: SlotState, request: OpenSlot): boolean {
  return state.request.run === request.run && state.request.attempt === request.attempt
}

function openAnswer(state: SlotState): OpenSlotAnswer {
  if (state.phase === 'open' && state.slot !== undefined) return { kind: 'open', slot: state.slot }
  return { kind: 'refused', error: state.error ?? errorInfoOf(new Error('the slot is being closed')) }
}

function slotLost(node: string, { slot, attempt }: OpenSlot): RetakeError {
  return new RetakeError('RT1510', {
    what: `the thread of slot ${slot} on ${node} ended in attempt ${attempt}`,
    why: 'it was terminated, ran out of memory, or user code ended it',
    fix: 'nothing if it was on purpose: the job restarts; else look at the log of that node just before',
  })
}
