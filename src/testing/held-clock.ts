import { assert } from '../kit/assert.js'
import type { Cancel, Clock } from '../kit/clock.js'

/** Stands still at the time that it was last told. Nothing can wait on it for a time that comes: a chain only asks what time it is. */
export class HeldClock implements Clock {
  #at: number

  /** @param at milliseconds since 1970 */
  constructor(at: number) {
    this.#at = at
  }

  now(): number {
    return this.#at
  }

  wallTime(): number {
    return this.#at
  }

  moveTo(at: number): void {
    assert(at >= this.#at, 'time goes forward', { at, now: this.#at })
    this.#at = at
  }

  after(): Cancel {
    assert(false, 'nobody waits on a clock that stands still')
  }

  /** That takes no time. */
  soon(callback: () => void): void {
    queueMicrotask(callback)
  }
}
