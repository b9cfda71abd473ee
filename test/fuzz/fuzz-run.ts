import { Worker } from 'node:worker_threads'
import { DECODERS } from './decoders.js'
import { damagedBytesOf } from './execution.js'
import type { Done, Work } from './fuzz-thread.js'

export interface FuzzOptions {
  readonly decoder: string
  readonly seed: number
  /** Number of the first execution. */
  readonly from: number
  readonly executions: number
  readonly ms: number
}

export interface FuzzRun {
  /** Up to the find, which is the last one. */
  readonly executed: number
  readonly refused: number
  readonly find: string | undefined
  /** Hex, the first of what showed it. */
  readonly bytes: string | undefined
}

/** An execution that has not ended after this long hangs. */
const HANG_MS = 20_000
const LOOK_MS = 1_000
const SHOWN_BYTES = 2_048

/** Executes one decoder, in a thread of its own, until it has found something or is done. */
export async function fuzz({ decoder, seed, from, executions, ms }: FuzzOptions): Promise<FuzzRun> {
  const progress = new Float64Array(new SharedArrayBuffer(16))
  const workerData: Work = { decoder, seed, from, executions, ms, progress }
  const thread = new Worker(new URL('./fuzz-thread.js', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 1_024 },
  })
  const { find } = await ended(thread, progress)
  const [executed = 0, refused = 0] = progress
  if (find === undefined) return { executed, refused, find, bytes: undefined }
  return { executed: executed + 1, refused, find, bytes: bytesOf({ decoder, seed }, from + executed) }
}

function ended(thread: Worker, progress: Float64Array): Promise<Done> {
  return new Promise((resolve) => {
    let [seen, seenAt] = [-1, performance.now()]
    const look = setInterval(() => {
      const executed = progress[0] ?? 0
      if (executed !== seen) {
        seen = executed
        seenAt = performance.now()
      } else if (performance.now() - seenAt > HANG_MS) settle({ find: `it hangs: ${HANG_MS / 1_000} s` })
    }, LOOK_MS)
    const settle = (done: Done) => {
      clearInterval(look)
      thread.removeAllListeners()
      thread.terminate().then(() => resolve(done))
    }
    thread.once('message', (done: Done) => settle(done))
    thread.once('error', (error) => settle({ find: `its thread ended: ${error.stack}` }))
    thread.once('exit', (code) => settle({ find: `its thread ended with ${code}` }))
  })
}

function bytesOf(
  { decoder: name, seed }: Pick<FuzzOptions, 'decoder' | 'seed'>,
  index: number,
): string | undefined {
  const decoder = DECODERS.find((one) => one.name === name)
  if (decoder === undefined) return undefined
  const bytes = damagedBytesOf(decoder, seed, index)
  const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex')
  return bytes.length > SHOWN_BYTES ? `${shown}… (${bytes.length})` : shown
}
