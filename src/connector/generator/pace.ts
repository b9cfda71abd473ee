/** Waiting is for this long at least, so that a fast generator wakes for batches and not for records. */
const TICK_MS = 10
/** What a slow reader left undone is caught up for this long at most. */
const CATCH_UP_MS = 1_000
/** Thousandths of a millisecond are no reason to wait once more. */
const ROUNDING = 1e-6

/**
 * How many records may go out by now, so many a second from the start on. No clock, no timer: whoever has them asks.
 *
 * Records are counted from an origin, not added up from call to call, so that nothing is lost to rounding. When more
 * than a second's worth is due, the origin moves up: a reader that was held back does not flood the job afterwards.
 */
export class Pace {
  #perMs: number
  #origin: number
  #spent = 0

  constructor(ratePerSecond: number, now: number) {
    this.#perMs = ratePerSecond / 1_000
    this.#origin = now
  }

  /** Whole records that may go out at `now`. */
  due(now: number): number {
    const due = Math.floor((now - this.#origin) * this.#perMs + ROUNDING) - this.#spent
    const most = Math.max(1, Math.floor(CATCH_UP_MS * this.#perMs))
    if (due <= most) return due
    this.#origin = now
    this.#spent = -most
    return most
  }

  spend(records: number): void {
    this.#spent += records
  }

  /** Milliseconds from `now` until it is worth asking again; after `due` has been spent. */
  waitMs(now: number): number {
    return Math.max(TICK_MS, this.#origin + (this.#spent + 1) / this.#perMs - now)
  }

  /** From `now` on so many a second; what was due before is due no more. */
  change(ratePerSecond: number, now: number): void {
    this.#perMs = ratePerSecond / 1_000
    this.#origin = now
    this.#spent = 0
  }
}
