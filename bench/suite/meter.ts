import { PerformanceObserver } from 'node:perf_hooks'

/** What a stretch of time cost this process: all its threads' processor time, and the collector's of this thread. */
export class Meter {
  readonly #cpu = process.cpuUsage()
  readonly #startedAt = performance.now()
  readonly #collector: PerformanceObserver
  #gcMs = 0

  /** Begins to count. */
  constructor() {
    this.#collector = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) this.#gcMs += duration
    })
    this.#collector.observe({ entryTypes: ['gc'] })
  }

  /** Ends the stretch. */
  stop(): { readonly seconds: number; readonly cpuSeconds: number; readonly gcSeconds: number } {
    const seconds = (performance.now() - this.#startedAt) / 1_000
    const { user, system } = process.cpuUsage(this.#cpu)
    for (const { duration } of this.#collector.takeRecords()) this.#gcMs += duration
    this.#collector.disconnect()
    return { seconds, cpuSeconds: (user + system) / 1e6, gcSeconds: this.#gcMs / 1_000 }
  }
}
