import { PerformanceObserver } from 'node:perf_hooks'
import { BroadcastChannel, threadId } from 'node:worker_threads'
import type { Histogram, HistogramData } from '../suite/histogram.js'

/** What a thread tells whoever measures its process, over the broadcast channel `NEWS`. */
export type ThreadNews =
  /** Records made since the thread began. `at`: milliseconds since 1970. */
  | { readonly type: 'made'; readonly thread: number; readonly records: number; readonly at: number }
  | { readonly type: 'collected'; readonly seconds: number }
  /** At its end: what was waited for, and how long. */
  | { readonly type: 'latency'; readonly of: string; readonly data: HistogramData }

export const NEWS = 'retake-bench'

/** At millions a second: often enough for windows of half a second, too seldom to cost anything. */
const TELL_EVERY = 16_384

/**
 * Counts the records that a thread makes, and tells. A bare loop and a job count alike, so that both pay alike: the
 * threads of a job are not the benchmark's, and a broadcast is all that reaches out of them.
 */
export class Progress {
  readonly #mask: number
  #made = 0
  #news: BroadcastChannel | undefined

  /** @param tellEvery a power of two */
  constructor(tellEvery = TELL_EVERY) {
    this.#mask = tellEvery - 1
  }

  /** At a known rate: about a hundred times a second, or more seldom. */
  static ofRate(perSecond: number): Progress {
    return new Progress(Math.min(TELL_EVERY, 2 ** Math.max(0, Math.floor(Math.log2(perSecond / 100)))))
  }

  /** A record is made. */
  onRecord(): void {
    if ((++this.#made & this.#mask) === 0) this.#tell()
  }

  #tell(): void {
    this.#news ??= opened()
    const at = performance.timeOrigin + performance.now()
    tell(this.#news, { type: 'made', thread: threadId, records: this.#made, at })
  }
}

/** From here on the thread's garbage collection is told, too. Does not keep the thread alive. */
function opened(): BroadcastChannel {
  const news = new BroadcastChannel(NEWS)
  news.unref()
  const collector = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tell(news, { type: 'collected', seconds: duration / 1_000 })
  })
  collector.observe({ entryTypes: ['gc'] })
  return news
}

/** At the end of what measured it. */
export function tellLatency(of: string, histogram: Histogram): void {
  const news = new BroadcastChannel(NEWS)
  tell(news, { type: 'latency', of, data: histogram.toData() })
  news.close()
}

function tell(news: BroadcastChannel, told: ThreadNews): void {
  news.postMessage(told)
}
