import { fileURLToPath } from 'node:url'
import { ClusterClient } from '#actors/cluster-client.js'
import type { JobHandle } from '#actors/job-client.js'
import { Node } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'

/** Where checkpoints go: a directory of this machine, or JetStream's object store of the server at `url`. */
export type StorePlace =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'object store'; readonly url: string; readonly cluster: string }

const JOB = fileURLToPath(new URL('../../../bench/state/rows-job.ts', import.meta.url))
const SURROUNDINGS = { clock: systemClock, random: systemRandom, logger: silentLogger }

/** A cluster of one node with two slots, in this process. */
export class RowsCluster {
  readonly #node: Node
  readonly #client: ClusterClient | undefined

  private constructor(node: Node, client?: ClusterClient) {
    this.#node = node
    this.#client = client
  }

  static async start(place: StorePlace): Promise<RowsCluster> {
    if (place.kind === 'directory') {
      return new RowsCluster(await Node.start({ ...SURROUNDINGS, slots: 2, stateDirectory: place.directory }))
    }
    const { url, cluster: name } = place
    const nats = { servers: [url], connectMs: 5_000 }
    const node = await Node.start({ ...SURROUNDINGS, slots: 2, cluster: { name, nats } })
    return new RowsCluster(node, await ClusterClient.connect({ ...SURROUNDINGS, nats, cluster: name }))
  }

  /** The job of `rows-job.ts`. */
  submit(users: number): Promise<JobHandle> {
    return (this.#client ?? this.#node).submit({ file: JOB, params: { users: String(users) } })
  }

  /** Ends the thread of one slot, as a crash would. */
  async crashSlot(): Promise<void> {
    if (!(await this.#node.crashSlot())) throw new Error('no slot is open')
  }

  async end(job: JobHandle): Promise<void> {
    await job.cancel()
    await job.ended
    await this.#client?.close()
    await this.#node.stop()
  }
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
