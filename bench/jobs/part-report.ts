import { once } from 'node:events'
import { BroadcastChannel } from 'node:worker_threads'
import { NEWS, type ThreadNews } from './progress.js'

/** What a process that runs part of a benchmark tells the one that measures it. */
export type PartReport =
  | { readonly type: 'ready' }
  | ThreadNews
  /** Its part is done: the rows that it has counted. */
  | { readonly type: 'done'; readonly rows: number }

export function report(told: PartReport): void {
  process.send!(told)
}

/** Tells that this process stands, passes on what its threads tell, and waits for the word to begin, or to end. */
export async function readyForWord(): Promise<void> {
  const news = new BroadcastChannel(NEWS)
  news.onmessage = (event) => report((event as { data: ThreadNews }).data)
  // Whoever measures is gone.
  process.once('disconnect', () => process.exit())
  report({ type: 'ready' })
  await once(process, 'message')
}
