import type { Actor, ActorContext, ActorRef, Asks } from '#src/actor/actor.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf, RetakeError } from '#src/kit/errors.js'
import type { Attempt, NodeId, RunId, SlotIndex, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { JobMasterMessage } from './job-master.js'
import type { ResourceManagerMessage } from './resource-manager.js'
import type { SlotMessage } from './slot.js'
import type { JobCode, SlotThread, SlotThreads } from './slot-threads.js'

export type OpenSlotAnswer =
  | { readonly kind: 'open'; readonly slot: ActorRef<SlotMessage> }
  | { readonly kind: 'refused'; readonly error: ErrorInfo }

/** What a task manager hears, and from whom. */
export type TaskManagerMessage =
  // job masters; both may be repeated
  | OpenSlot
  | CloseSlot
  // its threads
  | { readonly type: 'thread-ready'; readonly system: SystemId; readonly slot: ActorRef<SlotMessage> }
  | { readonly type: 'thread-exited'; readonly system: SystemId; readonly error: ErrorInfo | undefined }
  // its own
  | { readonly type: 'close-overdue'; readonly slot: SlotIndex; readonly attempt: Attempt }
  | { readonly type: 'slot-closed'; readonly slot: SlotIndex; readonly attempt: Attempt }
  | { readonly type: 'registered' }
  | { readonly type: 'register' }
  | { readonly type: 'told' }
  // whoever tries what happens: ends the thread of one open slot as a crash would; answers whether there was one
  | CrashSlot

export type CloseSlot = {
  readonly type: 'close-slot'
  readonly slot: SlotIndex
  readonly run: RunId
  readonly attempt: Attempt
} & Asks<'ok'>

export type CrashSlot = { readonly type: 'crash-slot' } & Asks<boolean>

export type OpenSlot = {
  readonly type: 'open-slot'
  readonly slot: SlotIndex
  readonly run: RunId
  readonly attempt: Attempt
  readonly code: JobCode
  readonly jobMaster: ActorRef<JobMasterMessage>
} & Asks<OpenSlotAnswer>

type Waiting = NonNullable<ActorContext<TaskManagerMessage>['asker']>

interface SlotState {
  readonly request: OpenSlot
  readonly thread: SlotThread
  phase: 'starting' | 'open' | 'closing' | 'gone'
  slot: ActorRef<SlotMessage> | undefined
  error: ErrorInfo | undefined
  openers: Waiting[]
  closers: Waiting[]
}

export interface TaskManagerOptions {
  readonly node: NodeId
  readonly slots: number
  readonly cpus: number
  readonly memoryBytes: number
  readonly resourceManager: ActorRef<ResourceManagerMessage>
  readonly threads: SlotThreads
}

/**
 * Offers slots, and gives each attempt a thread of its own in a slot. It never starts anything again by itself: state
 * must come back under a new attempt, so it only tells the job master that a slot is lost.
 */
export class TaskManager implements Actor<TaskManagerMessage> {
  readonly #options: TaskManagerOptions
  readonly #slots = new Map<SlotIndex, SlotState>()

  constructor(options: TaskManagerOptions) {
    this.#options = options
  }

  start(ctx: ActorContext<TaskManagerMessage>): void {
    this.#register(ctx)
  }

  #register(ctx: ActorContext<TaskManagerMessage>): void {
    const { node, slots, cpus, memoryBytes, resourceManager } = this.#options
    const info = { node, taskManager: ctx.self, slots, cpus, memoryBytes }
    ctx.ask(resourceManager, { type: 'register', info }, LIMITS.controlAsk, () => ({ type: 'registered' }))
  }

  receive(message: TaskManagerMessage, ctx: ActorContext<TaskManagerMessage>): void {
    switch (message.type) {
      case 'open-slot':
        return this.#open(message, ctx)
      case 'close-slot':
        return this.#close(message.slot, message.run, message.attempt, ctx)
      case 'thread-ready':
        return this.#onReady(message.system, message.slot, ctx)
      case 'thread-exited':
        return this.#onExited(message.system, message.error, ctx)
      case 'slot-closed':
        return this.#closing(message.slot, message.attempt)?.end()
      case 'close-overdue':
        return this.#closing(message.slot, message.attempt)?.terminate()
      case 'registered':
        // A resource manager that was started again knows nobody: whoever lives tells it again and again.
        return ctx.after('register', LIMITS.registerMs, { type: 'register' })
      case 'register':
        return this.#register(ctx)
      case 'told':
        return
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

  #open(request: OpenSlot, ctx: ActorContext<TaskManagerMessage>): void {
    const state = this.#slots.get(request.slot)
    if (state !== undefined && isSame(state, request)) return this.#answerOpener(state, ctx)
    // An old question that comes late.
    if (state?.request.run === request.run && request.attempt < state.request.attempt) return
    // The slot serves an older attempt whose close has not come yet, or was lost: the newer one replaces it.
    state?.thread.terminate()
    for (const asker of state?.closers ?? []) ctx.replyTo(asker, { ok: true, value: 'ok' })
    const thread = this.#options.threads.start(request, {
      onReady: (slot) => ctx.send(ctx.self, { type: 'thread-ready', system: thread.system, slot }),
      onExit: (error) => ctx.send(ctx.self, { type: 'thread-exited', system: thread.system, error }),
    })
    const opened: SlotState = {
      request,
      thread,
      phase: 'starting',
      slot: undefined,
      error: undefined,
      openers: [],
      closers: [],
    }
    this.#slots.set(request.slot, opened)
    this.#answerOpener(opened, ctx)
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
    state.error = error ?? errorInfoOf(slotLost(this.#options.node, state.request))
    this.#settle(state, ctx)
    if (before === 'open') this.#tellLost(state, state.error, ctx)
    if (before === 'closing') this.#slots.delete(state.request.slot)
  }

  #tellLost(state: SlotState, error: ErrorInfo, ctx: ActorContext<TaskManagerMessage>): void {
    const { jobMaster, attempt, slot } = state.request
    const { node } = this.#options
    ctx.ask(jobMaster, { type: 'slot-lost', attempt, node, slot, error }, LIMITS.controlAsk, () => ({
      type: 'told',
    }))
  }

  #close(slot: SlotIndex, run: RunId, attempt: Attempt, ctx: ActorContext<TaskManagerMessage>): void {
    const state = this.#slots.get(slot)
    if (state === undefined || state.request.run !== run || state.request.attempt > attempt)
      return ctx.reply('ok')
    if (state.phase === 'gone') {
      this.#slots.delete(slot)
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

function isSame(state: SlotState, request: OpenSlot): boolean {
  return state.request.run === request.run && state.request.attempt === request.attempt
}

function openAnswer(state: SlotState): OpenSlotAnswer {
  if (state.phase === 'open' && state.slot !== undefined) return { kind: 'open', slot: state.slot }
  return { kind: 'refused', error: state.error ?? errorInfoOf(new Error('the slot is being closed')) }
}

function slotLost(node: NodeId, { slot, attempt }: OpenSlot): RetakeError {
  return new RetakeError('RT1510', {
    what: `the thread of slot ${slot} on ${node} ended in attempt ${attempt}`,
    why: 'it was terminated, ran out of memory, or user code ended it',
    fix: 'nothing if it was on purpose: the job restarts; else look at the log of that node just before',
  })
}
