import { assert } from './assert.js'
import type { Cancel, Clock } from './clock.js'

interface Due {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/**
 * A clock that moves only when a test says so. Callbacks run in the order of their time, equal times in the order in
 * which they were set; between two of them all settled promises are delivered, as in the real loop.
 */
export class VirtualClock implements Clock {
  readonly #due: Due[] = []
  #now = 0
  #order = 0
  readonly #wallOrigin: number

  /** @param wallOrigin milliseconds since 1970 at virtual time 0 */
  constructor(wallOrigin = 1_700_000_000_000) {
    this.#wallOrigin = wallOrigin
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#wallOrigin + this.#now
  }

  after(delayMs: number, callback: () => void): Cancel {
    assert(delayMs >= 0, 'a timer lies in the past', { delayMs })
    const due: Due = { at: this.#now + delayMs, order: this.#order++, callback }
    this.#due.push(due)
    return () => {
      const index = this.#due.indexOf(due)
      if (index >= 0) this.#due.splice(index, 1)
    }
  }

  soon(callback: () => void): void {
    this.after(0, callback)
  }

  /** Moves time forward by `ms` and runs everything that falls due on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (let next = this.#takeUntil(end); next !== undefined; next = this.#takeUntil(end)) {
      this.#now = next.at
      next.callback()
      await settled()
    }
    this.#now = end
  }

  /** Runs what is due now, without moving time: turns set with `soon`, and what they cause. */
  async settle(): Promise<void> {
    await this.advance(0)
  }

  #takeUntil(end: number): Due | undefined {
    let found = -1
    for (let i = 0; i < this.#due.length; i++) {
      const due = this.#due[i]!
      if (due.at > end) continue
      if (found < 0 || isBefore(due, this.#due[found]!)) found = i
    }
    return found < 0 ? undefined : this.#due.splice(found, 1)[0]
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Lets chains of settled promises run dry: enough turns of the microtask queue for any chain that we write. */
async function settled(): Promise<void> {
  for (let i = 0; i < 32; i++) await Promise.resolve()
}
