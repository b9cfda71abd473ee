import { parentPort, workerData } from 'node:worker_threads'
import { DECODERS } from './decoders.js'
import { execute } from './execution.js'

export interface Work {
  readonly decoder: string
  readonly seed: number
  readonly from: number
  readonly executions: number
  readonly ms: number
  /** Shared: executions without a find, and how many of them were refused. */
  readonly progress: Float64Array
}

export interface Done {
  readonly find: string | undefined
}

const { decoder: name, seed, from, executions, ms, progress } = workerData as Work
parentPort?.postMessage(run() satisfies Done)

function run(): Done {
  const decoder = DECODERS.find((one) => one.name === name)
  if (decoder === undefined) return { find: 'there is no such decoder' }
  const endsAt = performance.now() + ms
  for (let i = 0; i < executions && performance.now() < endsAt; i++) {
    const { outcome, find } = execute(decoder, seed, from + i)
    if (find !== undefined) return { find }
    if (outcome === 'refused') progress[1]! += 1
    progress[0]! += 1
  }
  return { find: undefined }
}
