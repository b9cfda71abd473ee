import { GCProfiler } from 'node:v8'

/**
 * What a stretch of time cost this process: all its threads' processor time, and the collector's of this thread. The
 * profiler tells at once; a performance observer hears of a collection only when the event loop turns, and a loop that
 * does not turn is what benchmarks are made of.
 */
export class Meter {
  readonly #cpu = process.cpuUsage()
  readonly #collector = new GCProfiler()
  readonly #startedAt = performance.now()

  /** Begins to count. */
  constructor() {
    this.#collector.start()
  }

  /** Ends the stretch. */
  stop(): { readonly seconds: number; readonly cpuSeconds: number; readonly gcSeconds: number } {
    const seconds = (performance.now() - this.#startedAt) / 1_000
    const { user, system } = process.cpuUsage(this.#cpu)
    const { statistics } = this.#collector.stop()
    const gcMicroseconds = statistics.reduce((sum, { cost }) => sum + cost, 0)
    return { seconds, cpuSeconds: (user + system) / 1e6, gcSeconds: gcMicroseconds / 1e6 }
  }
}
