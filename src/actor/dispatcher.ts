import type { Clock } from '../kit/clock.js'
import { LIMITS } from '../kit/limits.js'
import type { Address } from './actor.js'
import { Ring } from './ring.js'

/** What the dispatcher runs: an actor with its mailbox (`cell.ts`). */
export interface Runnable {
  readonly address: Address
  /** Some bounded turns. Answers whether there is more to do now; it is then run again, behind all others. */
  run(turns: TurnTrace): boolean
  /** A run took too long: from now on one turn a run, so that the next report names the message. */
  onSlow(): void
}

/** An actor that held its thread for too long. */
export interface SlowTurn {
  /** Which one. */
  readonly address: Address
  /** For how long. */
  readonly tookMs: number
  /** The types of the messages of that run, the culprit among them; after the first report of an actor, just it. */
  readonly types: readonly string[]
}

/**
 * Decides which actor has the thread, and for how long. Actors with work wait in one queue; a slice runs some of them
 * and then gives sockets and timers their turn (`clock.soon`, a macrotask: a loop of microtasks would starve them).
 * The watchdog reports whoever held the thread for too long, by name.
 */
export class Dispatcher {
  readonly #clock: Clock
  readonly #onSlowTurn: (slow: SlowTurn) => void
  readonly #limits: DispatcherLimits
  readonly #queue = new Ring<Runnable>()
  readonly #turns = new TurnTrace()
  #state: 'idle' | 'armed' | 'halted' = 'idle'
  #current: Runnable | undefined
  #sliceAt: number

  constructor(clock: Clock, onSlowTurn: (slow: SlowTurn) => void, limits: DispatcherLimits = LIMITS) {
    this.#clock = clock
    this.#onSlowTurn = onSlowTurn
    this.#limits = limits
    this.#sliceAt = clock.now()
  }

  /** The actor whose turn it is. */
  get current(): Runnable | undefined {
    return this.#current
  }

  /** When the present slice began, or the next one was called for: a time stamp that hardly ever reads the clock. */
  get sliceAt(): number {
    return this.#sliceAt
  }

  /** `runnable` has work. Never called twice before it has run. */
  schedule(runnable: Runnable): void {
    this.#queue.push(runnable)
    if (this.#state !== 'idle') return
    this.#state = 'armed'
    this.#sliceAt = this.#clock.now()
    this.#clock.soon(this.#slice)
  }

  /** Nothing runs from now on, not even what waits. */
  halt(): void {
    this.#state = 'halted'
    this.#queue.clear()
  }

  readonly #slice = (): void => {
    const { sliceActors, sliceMs, turnWarnMs } = this.#limits
    const startedAt = this.#clock.now()
    this.#sliceAt = startedAt
    let before = startedAt
    this.#turns.begin()
    for (let actors = 0; actors < sliceActors; actors++) {
      const runnable = this.#queue.shift()
      if (runnable === undefined || this.#state === 'halted') break
      this.#turns.count = 0
      this.#current = runnable
      if (runnable.run(this.#turns)) this.#queue.push(runnable)
      const now = this.#clock.now()
      if (now - before > turnWarnMs) this.#report(runnable, now - before)
      if (now - startedAt >= sliceMs) break
      before = now
    }
    this.#current = undefined
    this.#turns.forget()
    this.#rearm()
  }

  /** A turn may have halted the dispatcher. */
  #rearm(): void {
    if (this.#state === 'halted') this.#queue.clear()
    else if (this.#queue.length > 0) this.#clock.soon(this.#slice)
    else this.#state = 'idle'
  }

  #report(runnable: Runnable, tookMs: number): void {
    runnable.onSlow()
    this.#onSlowTurn({ address: runnable.address, tookMs, types: this.#turns.types() })
  }
}

export interface DispatcherLimits {
  readonly sliceActors: number
  readonly sliceMs: number
  readonly turnWarnMs: number
}

/** What one run of an actor dealt with, kept just long enough to name it. One store per turn. */
export class TurnTrace {
  /** Anew for each slice: the collector need not be told of a store into what has just been made. */
  #messages: unknown[] = []
  count = 0

  begin(): void {
    this.#messages = new Array(32).fill(undefined)
  }

  add(message: unknown): void {
    this.#messages[this.count++ & 31] = message
  }

  types(): string[] {
    return [...new Set(this.#messages.slice(0, Math.min(this.count, 32)).map(typeOf))]
  }

  forget(): void {
    this.#messages = []
  }
}

/** What to call a message in reports: its `type` if it has one. */
export function typeOf(message: unknown): string {
  if (typeof message !== 'object' || message === null) return typeof message
  const type = (message as { type?: unknown }).type
  return typeof type === 'string' ? type : (message.constructor?.name ?? 'object')
}
