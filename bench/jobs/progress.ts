import { PerformanceObserver } from 'node:perf_hooks'
import { BroadcastChannel, threadId } from 'node:worker_threads'

/** What a thread tells whoever measures its process, over the broadcast channel `NEWS`. */
export type ThreadNews =
  /** Records made since the thread began. `at`: milliseconds since 1970. */
  | { readonly type: 'made'; readonly thread: number; readonly records: number; readonly at: number }
  | { readonly type: 'collected'; readonly seconds: number }

export const NEWS = 'retake-bench'

/** A power of two: often enough for windows of half a second, too seldom to cost anything. */
const TELL_EVERY = 16_384

/**
 * Counts the records that a thread makes, and tells. A bare loop and a job count alike, so that both pay alike: the
 * threads of a job are not the benchmark's, and a broadcast is all that reaches out of them.
 */
export class Progress {
  #made = 0
  #news: BroadcastChannel | undefined

  /** A record is made. */
  onRecord(): void {
    if ((++this.#made & (TELL_EVERY - 1)) === 0) this.#tell()
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

function tell(news: BroadcastChannel, told: ThreadNews): void {
  news.postMessage(told)
}
