import type { JobRates } from './cluster-view.js'
import type { JobMetrics } from './job-event.js'

/** Rates are of about this time: subtasks report once a second, each at its own moment. */
const OVER_MS = 3_000
const NOTHING: JobMetrics = { recordsIn: 0, recordsSkipped: 0, recordsOut: 0, backpressuredMs: 0, busyMs: 0 }

interface Sample {
  readonly at: number
  readonly metrics: JobMetrics
}

/** Makes rates of the counts of one attempt after the other. Times are monotonic milliseconds. */
export class RateMeter {
  readonly #subtasks: number
  #samples: Sample[] = []

  /** @param subtasks of all vertices together: their time is the whole */
  constructor(subtasks: number) {
    this.#subtasks = subtasks
  }

  /** An attempt begins to run, or none runs any more: counts begin at 0. */
  reset(at: number | undefined): void {
    this.#samples = at === undefined ? [] : [{ at, metrics: NOTHING }]
  }

  add(at: number, metrics: JobMetrics): void {
    this.#samples.push({ at, metrics })
    while (this.#samples.length > 2 && at - this.#samples[1]!.at >= OVER_MS) this.#samples.shift()
  }

  get latest(): JobMetrics | undefined {
    return this.#samples.at(-1)?.metrics
  }

  /** Undefined while nothing was counted yet. */
  rates(): JobRates | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    const tookMs = first === undefined || last === undefined ? 0 : last.at - first.at
    if (first === undefined || last === undefined || tookMs <= 0) return undefined
    const perMs = (of: keyof JobMetrics) => Math.max(0, last.metrics[of] - first.metrics[of]) / tookMs
    return {
      recordsInPerSecond: perMs('recordsIn') * 1_000,
      recordsOutPerSecond: perMs('recordsOut') * 1_000,
      busy: perMs('busyMs') / this.#subtasks,
      backpressured: perMs('backpressuredMs') / this.#subtasks,
    }
  }
}
