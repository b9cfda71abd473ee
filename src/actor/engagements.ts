import type { Address, Answer, AskOptions, ExitReason } from './actor.js'
import type { Cell } from './cell.js'
import type { CellParts } from './cell-parts.js'
import { Conversion, type DueTimer } from './control-lane.js'
import type { Watcher } from './death-watch.js'
import { OwnTimers } from './own-timers.js'

/** A watched actor has ended; waits in the system lane of its watcher. */
export interface WatchNews {
  readonly address: Address
  readonly reason: ExitReason
  readonly toMessage: (reason: ExitReason) => unknown
}

/**
 * What one actor has under way outside its turns: timers, questions, watches. Each comes back to it as one message, or
 * not at all once it was taken back; when the actor ends, all of them end with it.
 */
export class Engagements implements Watcher {
  readonly #cell: Cell
  readonly #parts: CellParts
  readonly #timers: OwnTimers
  /** Questions that it has asked and not heard about. */
  #asks = 0
  readonly #watches = new Map<Address, (reason: ExitReason) => unknown>()

  constructor(cell: Cell, parts: CellParts) {
    this.#cell = cell
    this.#parts = parts
    this.#timers = new OwnTimers(parts.clock, (timer) => cell.own(undefined, timer))
  }

  after(key: string, delayMs: number, message: unknown): void {
    if (this.#cell.isOpen) this.#timers.set(key, delayMs, message)
  }

  cancel(key: string): void {
    this.#timers.cancel(key)
  }

  /** Its turn has come: whether it still stands. */
  takeTimer(timer: DueTimer): boolean {
    return this.#timers.take(timer)
  }

  ask(
    to: Address,
    question: unknown,
    options: AskOptions,
    toMessage: (answer: Answer<never>) => unknown,
  ): void {
    if (!this.#cell.isOpen) return
    const conversion = new Conversion(toMessage)
    this.#asks++ // where nobody is, it is settled before this returns
    this.#parts.asks.ask({
      to,
      from: this.#cell.address,
      body: question,
      options,
      settle: (answer) => {
        this.#asks--
        this.#cell.own(answer, conversion)
      },
    })
  }

  watch(target: Address, toMessage: (reason: ExitReason) => unknown): void {
    if (!this.#cell.isOpen) return
    this.#watches.set(target, toMessage)
    this.#parts.deathWatch.watch(this, target)
  }

  unwatch(target: Address): void {
    if (this.#watches.delete(target)) this.#parts.deathWatch.unwatch(this, target)
  }

  onDown(address: Address, reason: ExitReason): void {
    const toMessage = this.#watches.get(address)
    if (toMessage !== undefined) this.#cell.down({ address, reason, toMessage })
  }

  /** Its turn has come: whether it still stands. Since the news the actor may have stopped watching, or begun anew. */
  takeNews(news: WatchNews): boolean {
    return this.#watches.get(news.address) === news.toMessage && this.#watches.delete(news.address)
  }

  release(): void {
    this.#timers.clear()
    if (this.#asks > 0) this.#parts.asks.forgetOf(this.#cell.address)
    this.#asks = 0
    for (const target of this.#watches.keys()) this.#parts.deathWatch.unwatch(this, target)
    this.#watches.clear()
  }

  /** As `release`, but its system is gone with it: there is nobody to tell. */
  vanish(): void {
    this.#timers.clear()
  }
}
