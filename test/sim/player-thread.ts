import { parentPort } from 'node:worker_threads'
import { assert } from '#src/kit/assert.js'
import { play } from './play.js'
import type { Played } from './players.js'

/** A thread that plays one seed after the other, as it is told to. */
const port = parentPort
assert(port !== null, 'players are threads')

port.on('message', (seed: number) => {
  const startedAt = performance.now()
  const tell = (played: Omit<Played, 'seed' | 'tookMs'>) =>
    port.postMessage({ seed, tookMs: performance.now() - startedAt, ...played } satisfies Played)
  play(seed).then(
    (verdict) => tell({ verdict, error: undefined }),
    (error: unknown) =>
      tell({ verdict: undefined, error: error instanceof Error ? error.stack : String(error) }),
  )
})
