import { assert } from './assert.js'
import type { Cancel, Clock } from './clock.js'

interface Due {
  readonly at: number
  readonly order: number
  /** Undefined once it was taken back: it is dropped when its time has come. */
  callback: (() => void) | undefined
}

/**
 * A clock that moves only when a test says so. Callbacks run in the order of their time, equal times in the order in
 * which they were set; between two of them all settled promises are delivered, as in the real loop.
 */
export class VirtualClock implements Clock {
  /** A heap: what is due first is in front. */
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

  /** In whole milliseconds, as a process's clock tells it. */
  wallTime(): number {
    return Math.floor(this.#wallOrigin + this.#now)
  }

  after(delayMs: number, callback: () => void): Cancel {
    assert(delayMs >= 0, 'a timer lies in the past', { delayMs })
    const due: Due = { at: this.#now + delayMs, order: this.#order++, callback }
    this.#push(due)
    return () => {
      due.callback = undefined
    }
  }

  soon(callback: () => void): void {
    this.after(0, callback)
  }

  /** Moves time forward by `ms` and runs everything that falls due on the way. */
  async advance(ms: number): Promise<void> {
    await this.advanceUntil(() => false, ms)
  }

  /**
   * The same, but time stops where `isDone` says so, which is asked before anything runs and after each thing that did.
   * False: it never did.
   */
  async advanceUntil(isDone: () => boolean, ms: number): Promise<boolean> {
    const end = this.#now + ms
    await settled()
    while (!isDone()) {
      const next = this.#takeUntil(end)
      if (next === undefined) {
        this.#now = end
        return false
      }
      if (next.callback === undefined) continue
      this.#now = next.at
      next.callback()
      await settled()
    }
    return true
  }

  /** Runs what is due now, without moving time: turns set with `soon`, and what they cause. */
  async settle(): Promise<void> {
    await this.advance(0)
  }

  #takeUntil(end: number): Due | undefined {
    const [first] = this.#due
    return first === undefined || first.at > end ? undefined : this.#pop()
  }

  #push(due: Due): void {
    const heap = this.#due
    let place = heap.push(due) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!isBefore(due, heap[above]!)) break
      heap[place] = heap[above]!
      place = above
    }
    heap[place] = due
  }

  #pop(): Due | undefined {
    const heap = this.#due
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      let below = place * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, last)) break
      heap[place] = heap[below]!
      place = below
    }
    heap[place] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Lets chains of settled promises run dry: enough turns of the microtask queue for any chain that we write. */
async function settled(): Promise<void> {
  for (let i = 0; i < 32; i++) await Promise.resolve()
}
