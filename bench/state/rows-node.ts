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

/** Submits the job, and resolves when all its subtasks run; `since` tells when that was, and when it was deployed. */
export async function runRows(
  node: Node,
  users: number,
  fromCheckpoint?: string,
): Promise<{ readonly job: JobHandle; readonly submitSeconds: number; readonly deploySeconds: number }> {
  const submittedAt = performance.now()
  const job = await node.submit({ file: JOB, params: { users: String(users) }, fromCheckpoint })
  let deployedAt = submittedAt
  const runningAt = await new Promise<number>((resolve, reject) => {
    job.follow((event) => {
      if (event.type === 'attempt') deployedAt = performance.now()
      if (event.type === 'status' && event.status === 'RUNNING' && event.reason === undefined)
        resolve(performance.now())
      if (event.type === 'failure' || event.type === 'ended')
        reject(new Error(`the job did not run: ${event.error?.message ?? event.type}`))
    })
  })
  return {
    job,
    submitSeconds: (runningAt - submittedAt) / 1_000,
    deploySeconds: (runningAt - deployedAt) / 1_000,
  }
}

/** Ends it; its checkpoints stay. */
export async function endRun(job: JobHandle): Promise<void> {
  await job.cancel()
  await job.ended
}
