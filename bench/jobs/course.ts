import { assert, assertNever } from '#src/kit/assert.js'
import { Histogram } from '../suite/histogram.js'
import type { Percentiles, Timeline, TimelineEvent } from '../suite/sample.js'
import type { ThreadNews } from './progress.js'

const WINDOW_SECONDS = 0.5

export interface CourseOptions {
  /** Records that are made before anything counts. */
  readonly warmUp: number
  /** Records that each thread makes. */
  readonly share: number
  /** They are made: what follows is measured … */
  readonly onWarm: () => void
  /** … until the first thread has no more to make: the others then have the machine for themselves. */
  readonly onWayOut: () => void
}

/**
 * How a run goes, as its threads tell it: when it is warm, how many records they have made since, and the rate window by
 * window. Every benchmark of a job and of a bare loop is measured by one of these.
 */
export class Course {
  readonly #options: CourseOptions
  readonly #madeBy = new Map<string, number>()
  /** As they come, threads mixed: until when how many more were made. */
  readonly #steps: Step[] = []
  readonly #latencies = new Map<string, Histogram>()
  readonly #checkpoints: (readonly [at: number, durationMs: number])[] = []
  #made = 0
  #gcSeconds = 0
  #warm: Mark | undefined
  #wayOut: Mark | undefined

  constructor(options: CourseOptions) {
    this.#options = options
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
    const { warmUp, share, onWarm, onWayOut } = this.#options
    const more = records - (this.#madeBy.get(thread) ?? 0)
    this.#made += more
    this.#madeBy.set(thread, records)
    this.#steps.push({ at, more })
    const mark: Mark = { at, made: this.#made, gcSeconds: this.#gcSeconds }
    if (this.#warm === undefined && this.#made >= warmUp) {
      this.#warm = mark
      onWarm()
    } else if (this.#warm !== undefined && this.#wayOut === undefined && records + more > share) {
      this.#wayOut = mark
      onWayOut()
    }
  }

  /** What was done since it was warm, until the way out; and how the rate went. */
  steady(): { readonly count: number; readonly gcSeconds: number; readonly timeline: Timeline } {
    const [warm, wayOut] = [this.#warm, this.#wayOut]
    assert(warm !== undefined && wayOut !== undefined, 'a run has a steady state', { made: this.#made })
    const steps = this.#steps.toSorted((a, b) => a.at - b.at)
    const startedAt = steps[0]!.at
    const windowsTo = (at: number) => (at - startedAt) / 1_000 / WINDOW_SECONDS
    const steady = [Math.ceil(windowsTo(warm.at)), Math.floor(windowsTo(wayOut.at))] as const
    const events = this.#checkpoints.map(([at, durationMs]): TimelineEvent => {
      return { at: (at - startedAt) / 1_000, kind: 'checkpoint', seconds: durationMs / 1_000 }
    })
    return {
      count: wayOut.made - warm.made,
      gcSeconds: wayOut.gcSeconds - warm.gcSeconds,
      timeline: { windowSeconds: WINDOW_SECONDS, rates: ratesOf(steps), steady, events },
    }
  }
}

interface Mark {
  readonly at: number
  readonly made: number
  readonly gcSeconds: number
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
