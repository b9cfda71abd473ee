import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import type { Capture, SinkWriter } from 'retake'

/** What a probe saw since it last spoke. */
export interface Sighting {
  readonly subtask: number
  readonly records: number
  /** The longest time between two batches: with a source that always has more, that is how long records stood still. */
  readonly stopMs: number
  /** In collections of this thread: their sum, and the longest. */
  readonly gcMs: number
  readonly longestGcMs: number
}

/** Where probes speak: it reaches every thread of the process. */
export const SIGHTINGS = 'retake-bench-sightings'

const SPEAK_EVERY_MS = 50

/** A sink that keeps nothing, and notes when records came and when they did not. */
export class StopProbe implements SinkWriter {
  readonly #subtask: number
  readonly #channel = new BroadcastChannel(SIGHTINGS)
  readonly #collector = new PerformanceObserver((list) => this.#onCollections(list.getEntries()))
  #lastAt = 0
  #spokeAt = 0
  #records = 0
  #stopMs = 0
  #gcMs = 0
  #longestGcMs = 0

  constructor(subtask: number) {
    this.#subtask = subtask
  }

  async open(): Promise<void> {
    this.#collector.observe({ entryTypes: ['gc'] })
  }

  write(records: readonly unknown[]): void {
    const now = performance.now()
    if (this.#lastAt > 0) this.#stopMs = Math.max(this.#stopMs, now - this.#lastAt)
    this.#lastAt = now
    this.#records += records.length
    if (now - this.#spokeAt >= SPEAK_EVERY_MS) this.#speak(now)
  }

  #speak(now: number): void {
    this.#onCollections(this.#collector.takeRecords())
    const sighting: Sighting = {
      subtask: this.#subtask,
      records: this.#records,
      stopMs: this.#stopMs,
      gcMs: this.#gcMs,
      longestGcMs: this.#longestGcMs,
    }
    this.#channel.postMessage(sighting)
    this.#spokeAt = now
    this.#records = this.#stopMs = this.#gcMs = this.#longestGcMs = 0
  }

  #onCollections(collections: readonly PerformanceEntry[]): void {
    for (const { duration } of collections) {
      this.#gcMs += duration
      this.#longestGcMs = Math.max(this.#longestGcMs, duration)
    }
  }

  isReady(): boolean {
    return true
  }

  capture(): Capture {
    return { slice: () => true, upload: async () => ({}) }
  }

  onCheckpointComplete(): void {}

  async drain(): Promise<void> {}

  async close(): Promise<void> {
    this.#collector.disconnect()
    this.#channel.close()
  }
}
