import { fileURLToPath } from 'node:url'
import { type JobHandle, Node } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'

/** Where checkpoints go: a directory of this machine, or JetStream's object store of the server at `url`. */
export type StorePlace =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'object store'; readonly url: string; readonly cluster: string }

const JOB = fileURLToPath(new URL('../../../bench/state/rows-job.ts', import.meta.url))

/** A cluster of one node with two slots in this process. */
export function startNode(place: StorePlace): Promise<Node> {
  const surroundings = { slots: 2, clock: systemClock, random: systemRandom, logger: silentLogger }
  if (place.kind === 'directory') return Node.start({ ...surroundings, stateDirectory: place.directory })
  const nats = { servers: [place.url], connectMs: 5_000 }
  return Node.start({ ...surroundings, cluster: { name: place.cluster, nats } })
}

/** Submits the job. Its first attempt begins now. */
export function submitRows(node: Node, users: number): Promise<JobHandle> {
  return node.submit({ file: JOB, params: { users: String(users) } })
}

/** Resolves when all subtasks of that attempt run. Rejects when the job ends. */
export function attemptRuns(
  job: JobHandle,
  attempt: number,
): Promise<{ readonly deployedAt: number; readonly runningAt: number }> {
  return new Promise((resolve, reject) => {
    let deployedAt: number | undefined
    job.follow((event) => {
      if (event.type === 'attempt' && event.attempt === attempt) deployedAt = performance.now()
      const isRunning = event.type === 'status' && event.status === 'RUNNING' && event.reason === undefined
      if (isRunning && deployedAt !== undefined) resolve({ deployedAt, runningAt: performance.now() })
      if (event.type === 'ended') reject(new Error(`the job ended: ${event.error?.message ?? event.outcome}`))
    })
  })
}

/** Ends it; its checkpoints stay. */
export async function endRun(job: JobHandle): Promise<void> {
  await job.cancel()
  await job.ended
}
