import type { Clock } from '../kit/clock.js'

export interface ClickFeedOptions {
  readonly topic: { write(values: readonly string[]): Promise<void> }
  readonly clickAt: (seed: number, index: number) => unknown
  readonly count: number
  readonly seed: number
  /** Clicks a second; less when the broker takes less. */
  readonly rate: number
  readonly clock: Clock
}

const BEAT_MS = 50
/** A request that every broker takes. */
const REQUEST_CLICKS = 4_000

/** Writes the clicks of the demonstration into a topic, at its pace. */
export class ClickFeed {
  readonly #options: ClickFeedOptions
  #isStopped = false

  constructor(options: ClickFeedOptions) {
    this.#options = options
  }

  /** Resolves when all are written, or when it was stopped. */
  async run(): Promise<void> {
    const { topic, clickAt, count, seed, rate, clock } = this.#options
    const beganAt = clock.now()
    let written = 0
    while (written < count && !this.#isStopped) {
      const due = Math.min(count, Math.ceil(((clock.now() - beganAt) * rate) / 1_000))
      const first = written
      const length = Math.min(due - first, REQUEST_CLICKS)
      if (length > 0) {
        await topic.write(Array.from({ length }, (_, i) => JSON.stringify(clickAt(seed, first + i))))
      }
      written += length
      if (written === due) await new Promise<void>((resolve) => clock.after(BEAT_MS, resolve))
    }
  }

  stop(): void {
    this.#isStopped = true
  }
}
