import type { Cancel, Clock } from '../kit/clock.js'
import { DueTimer } from './control-lane.js'

/**
 * The timers of one actor, by key. A timer that was cancelled or replaced is never delivered, not even when it was
 * already waiting in the mailbox.
 */
export class OwnTimers {
  readonly #clock: Clock
  readonly #onDue: (timer: DueTimer) => void
  readonly #timers = new Map<string, { readonly timer: DueTimer; readonly cancel: Cancel }>()

  constructor(clock: Clock, onDue: (timer: DueTimer) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  set(key: string, delayMs: number, message: unknown): void {
    this.cancel(key)
    const timer = new DueTimer(key, message)
    const cancel = this.#clock.after(delayMs, () => this.#onDue(timer))
    this.#timers.set(key, { timer, cancel })
  }

  cancel(key: string): void {
    const found = this.#timers.get(key)
    if (found === undefined) return
    this.#timers.delete(key)
    found.cancel()
  }

  /** Its turn has come: whether it still stands. */
  take(timer: DueTimer): boolean {
    if (this.#timers.get(timer.key)?.timer !== timer) return false
    return this.#timers.delete(timer.key)
  }

  clear(): void {
    for (const { cancel } of this.#timers.values()) cancel()
    this.#timers.clear()
  }
}
