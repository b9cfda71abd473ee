import { assert, assertNever } from '../kit/assert.js'
import { type ErrorInfo, errorInfoOf, errorOf } from '../kit/errors.js'
import {
  type Actor,
  type ActorRef,
  type Address,
  type DataLane,
  type ExitReason,
  isAbnormal,
  type Outcome,
  type ReplyTo,
} from './actor.js'
import type { ActorSnapshot } from './actor-snapshot.js'
import { addressBelow } from './address.js'
import { CellContext } from './cell-context.js'
import type { CellParts } from './cell-parts.js'
import { CellRef } from './cell-ref.js'
import { ControlLane, Conversion, DueTimer } from './control-lane.js'
import type { Runnable, TurnTrace } from './dispatcher.js'
import { Engagements, type WatchNews } from './engagements.js'
import { ChildFailed, GaveUp } from './gave-up.js'
import { Ring } from './ring.js'

/**
 * starting → running → stopping → ended; kill leads from any of the first three to killed, then ended.
 * `stopping` and `killed` wait for the children to end, the last first; then comes the actor's `stop`.
 */
export type CellState = 'starting' | 'running' | 'stopping' | 'killed' | 'ended'

/** The system lane. */
type SystemItem =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'child-ended'; readonly child: Cell; readonly reason: ExitReason }
  | { readonly type: 'down'; readonly news: WatchNews }

/** What the watchdog calls a data turn. */
const DATA_TURN = { type: 'data' }

/** `SpawnOptions` of a parent whose messages are of no matter here. */
export interface SpawnSettings {
  readonly onExit?: ((reason: ExitReason) => unknown) | undefined
  readonly stopMs?: number | undefined
  readonly restarts?: number | undefined
}

/**
 * One actor as its system sees it: mailbox, turns, children, the way to its end.
 *
 * Everything user code may do wrong ends here: a throw fails the actor, its current ask is answered, its children are
 * stopped, its watchers and its parent are told, in that order. Two rules carry the rest: user code runs only in
 * `#guarded`, and nothing but `run` calls it, so that no turn is ever entered from another one.
 */
export class Cell implements Runnable {
  readonly address: Address
  readonly name: string
  readonly incarnation: number
  readonly ref: ActorRef<unknown>
  readonly #parts: CellParts
  readonly #actor: Actor<unknown>
  /** The actor's, as it was when it had started. */
  #data: DataLane | undefined
  readonly #parent: Cell | undefined
  readonly #settings: SpawnSettings
  readonly #context: CellContext
  readonly #system = new Ring<SystemItem>()
  readonly #control: ControlLane
  readonly engagements: Engagements
  readonly #children = new Map<string, Cell>()
  #state: CellState = 'starting'
  #queued = false
  #queuedAt = 0
  #turnsPerRun: number
  #asker: ReplyTo<unknown> | undefined
  /** How this turn has decided that the actor ends. */
  #verdict: ExitReason | undefined
  #reason: ExitReason = { kind: 'normal' }
  #lastError: ErrorInfo | undefined
  /** Whether the actor's `start` was called: only then is its `stop`. */
  #begun = false
  /** Whether its parent told it to end; its end is then no fault to answer for. */
  #told = false
  #cancelStopTimer: (() => void) | undefined

  constructor(
    parts: CellParts,
    parent: Cell | undefined,
    address: Address,
    name: string,
    actor: Actor<unknown>,
    settings: SpawnSettings,
  ) {
    this.address = address
    this.name = name
    this.incarnation = parts.nextIncarnation()
    this.#parts = parts
    this.#actor = actor
    this.#data = actor.data
    this.ref = new CellRef(this, parts.delivery)
    this.#parent = parent
    this.#settings = settings
    this.#context = new CellContext(this, parts)
    this.#control = new ControlLane(parts.limits.controlLaneMax)
    this.engagements = new Engagements(this, parts)
    this.#turnsPerRun = parts.limits.controlTurns
    parts.onSpawned(this)
    this.#pushSystem({ type: 'start' })
  }

  get state(): CellState {
    return this.#state
  }

  /** Whether it takes messages, and may set things in motion. */
  get isOpen(): boolean {
    return this.#state === 'running' || this.#state === 'starting'
  }

  /** What it still sends is dropped. */
  get isFenced(): boolean {
    return this.#state === 'killed' || (this.#state === 'ended' && this.#reason.kind === 'killed')
  }

  get asker(): ReplyTo<unknown> | undefined {
    return this.#asker
  }

  // — what others put into the mailbox —

  /** False: the lane is full. */
  tell(message: unknown): boolean {
    if (!this.#control.offer(message, undefined)) return false
    this.#schedule()
    return true
  }

  /** False: the lane is full. */
  ask(question: unknown, replyTo: ReplyTo<unknown>): boolean {
    if (!this.#control.offer(question, replyTo)) return false
    this.#schedule()
    return true
  }

  /** False: it takes no frames. */
  frame(frame: unknown): boolean {
    const data = this.#data
    if (data === undefined) return false
    try {
      data.deliver(frame)
    } catch (error) {
      this.fail(error) // its own fault, never that of the turn that sent the frame
    }
    this.#schedule()
    return true
  }

  /** What the actor itself has set in motion has come back. */
  own(body: unknown, slip: Conversion | DueTimer): void {
    if (!this.isOpen) return
    this.#control.pushOwn(body, slip)
    this.#schedule()
  }

  down(news: WatchNews): void {
    this.#pushSystem({ type: 'down', news })
  }

  // — what its own turns ask for (see ActorContext) —

  reply(value: unknown): void {
    const asker = this.#asker
    if (asker === undefined) return
    this.#asker = undefined
    this.#parts.delivery.answer(asker, { ok: true, value })
  }

  pipeToSelf<T>(work: Promise<T>, toMessage: (outcome: Outcome<T>) => unknown): void {
    const conversion = new Conversion(toMessage)
    work.then(
      (value) => this.own({ ok: true, value }, conversion),
      (error: unknown) => this.own({ ok: false, error }, conversion),
    )
  }

  wake(): void {
    if (this.isOpen) this.#schedule()
  }

  spawn(name: string, actor: Actor<unknown>, settings: SpawnSettings): Cell {
    assert(this.isOpen, 'an actor that ends spawns no children', { address: this.address, name })
    assert(!this.#children.has(name), 'the name of a child is unique among the living', {
      address: this.address,
      name,
    })
    const child = new Cell(this.#parts, this, addressBelow(this.address, name), name, actor, settings)
    this.#children.set(name, child)
    return child
  }

  stopChild(address: Address): void {
    this.#childAt(address)?.stop()
  }

  killChild(address: Address): void {
    const child = this.#childAt(address)
    if (child === undefined) return
    child.#told = true
    child.kill()
  }

  exit(): void {
    this.#verdict ??= { kind: 'normal' }
    this.#schedule()
  }

  fail(thrown: unknown): void {
    const error = errorInfoOf(thrown)
    this.#lastError = error
    if (this.#verdict === undefined || this.#verdict.kind === 'normal') {
      this.#verdict = { kind: thrown instanceof GaveUp ? 'gave-up' : 'failed', error }
    }
    this.#schedule()
  }

  // — what its parent, or the system, decides —

  /** Tells it to stop, and kills it if it has not in its time. */
  stop(): void {
    if (this.#told || this.#state === 'ended') return
    this.#told = true
    this.#pushSystem({ type: 'stop' })
    const stopMs = this.#settings.stopMs ?? this.#parts.limits.stopMs
    if (Number.isFinite(stopMs)) this.#cancelStopTimer = this.#parts.clock.after(stopMs, () => this.kill())
  }

  /** A fence: from now on it receives nothing, and nothing that it sends is delivered. Its children are killed too. */
  kill(): void {
    if (this.#state === 'killed' || this.#state === 'ended') return
    for (const child of [...this.#children.values()].reverse()) child.kill()
    this.#state = 'killed'
    this.#reason = { kind: 'killed' }
    this.#close()
    this.#schedule()
  }

  /** The process is gone, as far as this actor is concerned: no stop, no word to anyone. */
  vanish(): void {
    for (const child of this.#children.values()) child.vanish()
    this.#state = 'ended'
    this.#reason = { kind: 'killed' }
    this.#cancelStopTimer?.()
    this.engagements.vanish()
  }

  snapshot(): ActorSnapshot {
    const isCurrent = this.#parts.dispatcher.current === this
    return {
      address: this.address,
      state: this.#state,
      system: this.#system.length,
      control: this.#control.length,
      data: this.#data === undefined ? 'none' : this.#isDataReady() ? 'ready' : 'idle',
      oldestMs: this.#queued && !isCurrent ? this.#parts.clock.now() - this.#queuedAt : 0,
      restarts: this.#settings.restarts ?? 0,
      lastError: this.#lastError,
      doing: isCurrent ? 'in a turn' : this.#queued ? 'waiting for a turn' : 'waiting for messages',
      about: this.#describe(),
      children: [...this.#children.values()].map((child) => child.snapshot()),
    }
  }

  // — turns —

  run(turns: TurnTrace): boolean {
    for (let item = this.#system.shift(); item !== undefined; item = this.#system.shift()) {
      turns.add(item)
      this.#onSystem(item)
    }
    this.#concludeTurn()
    for (let n = this.#turnsPerRun; n > 0 && this.#control.length > 0 && this.#isRunning(); n--)
      this.#controlTurn(turns)
    if (this.#data !== undefined && this.#isRunning()) this.#dataTurn(this.#data, turns)
    if (this.#state === 'killed' && this.#children.size === 0) this.#finish()
    this.#queued = this.#hasWork()
    if (this.#queued) this.#queuedAt = this.#parts.dispatcher.sliceAt
    return this.#queued
  }

  onSlow(): void {
    this.#turnsPerRun = 1
  }

  #controlTurn(turns: TurnTrace): void {
    const { slip } = this.#control
    const body = this.#control.shift()
    if (slip === undefined) {
      turns.add(body)
      this.#receive(body)
    } else if (slip instanceof Conversion) {
      this.#guarded(() => {
        const message = slip.toMessage(body as never)
        turns.add(message)
        this.#actor.receive(message, this.#context)
      })
    } else if (slip instanceof DueTimer) {
      if (!this.engagements.takeTimer(slip)) return
      turns.add(slip.message)
      this.#receive(slip.message)
    } else {
      turns.add(body)
      this.#asker = slip
      this.#receive(body)
    }
    this.#concludeTurn()
    this.#asker = undefined
  }

  #dataTurn(data: DataLane, turns: TurnTrace): void {
    try {
      if (!data.isReady()) return
      turns.add(DATA_TURN)
      data.turn()
    } catch (error) {
      this.fail(error)
    }
    this.#concludeTurn()
  }

  #receive(message: unknown): void {
    try {
      this.#actor.receive(message, this.#context)
    } catch (error) {
      this.fail(error)
    }
  }

  #guarded(userCode: () => void): void {
    try {
      userCode()
    } catch (error) {
      this.fail(error)
    }
  }

  /** The end of a turn is where an actor's decision to end takes effect. */
  #concludeTurn(): void {
    const verdict = this.#verdict
    if (verdict === undefined) return
    this.#verdict = undefined
    const asker = this.#asker
    this.#asker = undefined
    if (asker !== undefined && 'error' in verdict) {
      this.#parts.delivery.answer(asker, { ok: false, failure: { kind: 'failed', error: verdict.error } })
    }
    this.#beginStopping(verdict)
  }

  #onSystem(item: SystemItem): void {
    switch (item.type) {
      case 'start':
        this.#onStart()
        return
      case 'stop':
        this.#beginStopping({ kind: 'shutdown' })
        return
      case 'child-ended':
        this.#onChildEnded(item.child, item.reason)
        return
      case 'down':
        this.#onDown(item.news)
        return
      default:
        assertNever(item)
    }
  }

  #onDown(news: WatchNews): void {
    if (!this.#isRunning() || !this.engagements.takeNews(news)) return
    this.#guarded(() => this.#actor.receive(news.toMessage(news.reason), this.#context))
    this.#concludeTurn()
  }

  #onStart(): void {
    if (this.#state !== 'starting') return
    this.#begun = true
    this.#guarded(() => {
      this.#actor.start?.(this.#context)
      this.#data = this.#actor.data
    })
    if (this.#state === 'starting') this.#state = 'running'
    this.#concludeTurn()
  }

  #onChildEnded(child: Cell, reason: ExitReason): void {
    this.#children.delete(child.name)
    if (this.#state === 'stopping') this.#stopNextChild()
    if (!this.isOpen) return
    const { onExit } = child.#settings
    if (onExit !== undefined) this.#guarded(() => this.#actor.receive(onExit(reason), this.#context))
    else if (isAbnormal(reason) && !child.#told) this.fail(failureBy(child.address, reason))
    this.#concludeTurn()
  }

  // — the end —

  #beginStopping(reason: ExitReason): void {
    if (!this.isOpen) return
    this.#state = 'stopping'
    this.#reason = reason
    this.#close()
    this.#stopNextChild()
  }

  #stopNextChild(): void {
    const last = [...this.#children.values()].at(-1)
    if (last === undefined) this.#finish()
    else last.stop()
  }

  /** Takes nothing more, and lets go of all that was under way. */
  #close(): void {
    this.#parts.onUnreachable(this)
    this.engagements.release()
    while (this.#control.length > 0) this.#bury(this.#control.slip, this.#control.shift())
  }

  /** What waited in the mailbox: others' messages are dead letters, its own affairs are over. */
  #bury(slip: unknown, message: unknown): void {
    if (slip instanceof Conversion || slip instanceof DueTimer) return
    if (slip === undefined) this.#parts.deadLetters.add(this.address, 'actor-ended', message)
    else
      this.#parts.delivery.answer(slip as ReplyTo<unknown>, { ok: false, failure: { kind: 'no-responder' } })
  }

  #finish(): void {
    if (this.#begun) {
      this.#guarded(() => this.#actor.stop?.(this.#reason, this.#context))
      if (this.#verdict?.kind === 'failed' && !isAbnormal(this.#reason)) this.#reason = this.#verdict
      this.#verdict = undefined
    }
    this.#state = 'ended'
    this.#cancelStopTimer?.()
    this.#parts.deathWatch.onEnded(this.address, this.#reason)
    if (this.#parent !== undefined)
      this.#parent.#pushSystem({ type: 'child-ended', child: this, reason: this.#reason })
  }

  // — small things —

  #pushSystem(item: SystemItem): void {
    if (this.#state === 'ended') return
    this.#system.push(item)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#queued || this.#state === 'ended') return
    this.#queued = true
    this.#parts.dispatcher.schedule(this)
    this.#queuedAt = this.#parts.dispatcher.sliceAt
  }

  #isRunning(): boolean {
    return this.#state === 'running'
  }

  #hasWork(): boolean {
    if (this.#system.length > 0) return true
    return this.#isRunning() && (this.#control.length > 0 || this.#isDataReady())
  }

  #isDataReady(): boolean {
    const data = this.#data
    if (data === undefined) return false
    try {
      return data.isReady()
    } catch {
      return true // the next data turn meets the error again, where it fails the actor
    }
  }

  #childAt(address: Address): Cell | undefined {
    const child = this.#children.get(address.slice(address.lastIndexOf('.') + 1))
    return child?.address === address ? child : undefined
  }

  #describe(): unknown {
    try {
      return this.#actor.describe?.()
    } catch (error) {
      return errorInfoOf(error)
    }
  }
}

function failureBy(child: Address, reason: ExitReason): Error {
  const what = `${child} ended: ${reason.kind}`
  return 'error' in reason ? new ChildFailed(what, { cause: errorOf(reason.error) }) : new ChildFailed(what)
}
