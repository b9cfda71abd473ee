import type { CanonicalKey } from '../kit/key.js'
import type { Timer } from './timer-queue.js'
import type { ValueList } from './value-list.js'

/** A snapshot under way, as those that hold state see it. */
export interface OpenCapture {
  /** Of two captures the later one has the higher number; the first is 1. */
  readonly number: number
  /** A value as it was at the moment of the capture. `state` is its position, `group` the index of its key group. */
  keepValue(state: number, group: number, key: CanonicalKey, value: unknown): void
  /** The same of what stands at `position` of a list. */
  keepFrom(state: number, group: number, key: CanonicalKey, values: ValueList, position: number): void
  keepTimer(timer: Timer): void
}

/**
 * Keeps what captures have fixed, entry by entry (copy-on-write). Every value and timer bears the number of the newest
 * capture that needs nothing of it any more: because it has it, or because the entry was not there at its moment. Who
 * is about to change an entry that bears a lower number than the newest capture hands it over first. So a barrier costs
 * nothing, a write at most a copy of what it writes to, and between captures one comparison.
 */
export class Captures<C extends OpenCapture = OpenCapture> {
  /** The number of the newest capture; 0 before the first. */
  newest = 0
  /** Oldest first. */
  readonly #open: C[] = []

  get isAnyOpen(): boolean {
    return this.#open.length > 0
  }

  /** The one that is encoded first: what it has passed needs no capture before it. */
  get oldest(): C | undefined {
    return this.#open[0]
  }

  /** Makes a capture of this moment. */
  begin(make: (number: number) => C): C {
    const capture = make(++this.newest)
    this.#open.push(capture)
    return capture
  }

  /** All captures that are open and above `settledFor` take this value. */
  keepValue(settledFor: number, state: number, group: number, key: CanonicalKey, value: unknown): void {
    for (const capture of this.#open) {
      if (capture.number > settledFor) capture.keepValue(state, group, key, value)
    }
  }

  /** The same of what stands at `position` of a list, and is copied from there. */
  keepFrom(
    settledFor: number,
    state: number,
    group: number,
    key: CanonicalKey,
    values: ValueList,
    position: number,
  ): void {
    for (const capture of this.#open) {
      if (capture.number > settledFor) capture.keepFrom(state, group, key, values, position)
    }
  }

  keepTimer(settledFor: number, timer: Timer): void {
    for (const capture of this.#open) if (capture.number > settledFor) capture.keepTimer(timer)
  }

  /** It has everything, or has been given up. */
  end(capture: C): void {
    const index = this.#open.indexOf(capture)
    if (index >= 0) this.#open.splice(index, 1)
  }
}
