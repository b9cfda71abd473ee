import { assert, assertNever } from '#src/kit/assert.js'
import { Histogram } from '../suite/histogram.js'
import type { Percentiles, Timeline, TimelineEvent } from '../suite/sample.js'
import type { ThreadNews } from './progress.js'

const WINDOW_SECONDS = 0.5

/**
 * How a run goes, as its threads tell it: when it is warm, how many records they have made since, and the rate window by
 * window. Every benchmark of a job and of a bare loop is measured by one of these.
 */
export class Course {
  readonly #warmUp: number
  readonly #onWarm: () => void
  readonly #madeBy = new Map<string, number>()
  /** As they come, threads mixed: until when how many more were made. */
  readonly #steps: Step[] = []
  #made = 0
  #gcSeconds = 0
  #warmAt = 0
  #coldRecords = 0
  readonly #latencies = new Map<string, Histogram>()
  readonly #checkpoints: (readonly [at: number, durationMs: number])[] = []

  /**
   * @param warmUp records that are made before anything counts
   * @param onWarm they are made: what follows is measured
   */
  constructor(warmUp: number, onWarm: () => void) {
    this.#warmUp = warmUp
    this.#onWarm = onWarm
  }

  /** @param process tells the threads of several processes apart */
  onNews(news: ThreadNews, process = 0): void {
    switch (news.type) {
      case 'made':
        return this.#onMade(`${process}/${news.thread}`, news.records, news.at)
      case 'collected':
        this.#gcSeconds += news.seconds
        return
      case 'latency':
        return this.#histogramOf(news.of).add(news.data)
      default:
        assertNever(news)
    }
  }

  /** @param at milliseconds since 1970 */
  onCheckpoint(at: number, durationMs: number): void {
    this.#checkpoints.push([at, durationMs])
  }

  /** What was told of it until now: threads tell at their end. */
  latency(of: string): Percentiles {
    return this.#histogramOf(of).percentiles()
  }

  #histogramOf(of: string): Histogram {
    const histogram = this.#latencies.get(of) ?? new Histogram()
    this.#latencies.set(of, histogram)
    return histogram
  }

  #onMade(thread: string, records: number, at: number): void {
    const more = records - (this.#madeBy.get(thread) ?? 0)
    this.#made += more
    this.#madeBy.set(thread, records)
    this.#steps.push({ at, more })
    if (this.#warmAt > 0 || this.#made < this.#warmUp) return
    this.#warmAt = at
    this.#coldRecords = this.#made
    this.#gcSeconds = 0
    this.#onWarm()
  }

  /** What was done since it was warm, of `total` in all; and how the rate went. */
  end(total: number): { readonly count: number; readonly gcSeconds: number; readonly timeline: Timeline } {
    assert(this.#warmAt > 0, 'more records are made than warm a run up', { total, warmUp: this.#warmUp })
    const steps = this.#steps.toSorted((a, b) => a.at - b.at)
    const startedAt = steps[0]!.at
    const rates = ratesOf(steps)
    const warmFrom = Math.ceil((this.#warmAt - startedAt) / 1_000 / WINDOW_SECONDS)
    const steady = [Math.min(warmFrom, rates.length), rates.length] as const
    const events = this.#checkpoints.map(([at, durationMs]): TimelineEvent => {
      return { at: (at - startedAt) / 1_000, kind: 'checkpoint', seconds: durationMs / 1_000 }
    })
    return {
      count: total - this.#coldRecords,
      gcSeconds: this.#gcSeconds,
      timeline: { windowSeconds: WINDOW_SECONDS, rates, steady, events },
    }
  }
}

/** Milliseconds since 1970. */
interface Step {
  readonly at: number
  readonly more: number
}

/** Records per second in each whole window; each step was made evenly since the one before. */
function ratesOf(steps: readonly Step[]): readonly number[] {
  const rates: number[] = []
  let [end, made] = [steps[0]!.at + WINDOW_SECONDS * 1_000, 0]
  for (let i = 1; i < steps.length; i++) {
    const { at, more } = steps[i]!
    let since = steps[i - 1]!.at
    let left = more
    while (at >= end) {
      const inside = at === since ? left : (left * (end - since)) / (at - since)
      rates.push((made + inside) / WINDOW_SECONDS)
      left -= inside
      made = 0
      since = end
      end += WINDOW_SECONDS * 1_000
    }
    made += left
  }
  return rates
}
