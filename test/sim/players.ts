import { Worker } from 'node:worker_threads'
import { systemClock } from '#src/kit/clock.js'
import type { Verdict } from './verdict.js'

/** One seed that was played, and how long that took. */
export interface Played {
  readonly seed: number
  readonly tookMs: number
  /** Undefined when the world itself broke. */
  readonly verdict: Verdict | undefined
  readonly error: string | undefined
}

/** A seed that takes longer than this never ends. */
const HANGS_MS = 120_000

/** Plays `seeds` in so many threads, and tells of each as it ends. Stops when `onPlayed` says so. */
export async function playAll(
  seeds: Iterable<number>,
  threads: number,
  onPlayed: (played: Played) => 'go-on' | 'stop',
): Promise<void> {
  const left = [...seeds].reverse()
  await Promise.all(Array.from({ length: threads }, () => playOn(left, onPlayed)))
}

async function playOn(left: number[], onPlayed: (played: Played) => 'go-on' | 'stop'): Promise<void> {
  let player: Worker | undefined
  for (let seed = left.pop(); seed !== undefined; seed = left.pop()) {
    player ??= new Worker(new URL('./player-thread.js', import.meta.url))
    const played = await playedBy(player, seed)
    // A thread in which the world broke is not to be believed any more.
    if (played.verdict === undefined) {
      await player.terminate()
      player = undefined
    }
    if (onPlayed(played) === 'stop') left.length = 0
  }
  await player?.terminate()
}

function playedBy(player: Worker, seed: number): Promise<Played> {
  return new Promise((resolve) => {
    const end = (played: Played) => {
      cancel()
      player.off('message', end).off('error', onError).off('exit', onExit)
      resolve(played)
    }
    const broke = (error: string, tookMs = 0) => end({ seed, tookMs, verdict: undefined, error })
    const onError = (error: unknown) =>
      broke(error instanceof Error ? (error.stack ?? error.message) : String(error))
    const onExit = (code: number) => broke(`its thread ended with ${code}`)
    const cancel = systemClock.after(HANGS_MS, () => broke('it does not end', HANGS_MS))
    player.on('message', end).on('error', onError).on('exit', onExit)
    player.postMessage(seed)
  })
}
