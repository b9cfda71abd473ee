import type { ClusterClient } from '#actors/cluster-client.js'
import type { JobDetails } from '#actors/cluster-view.js'
import type { JobHandle } from '#actors/node.js'
import type { RunId } from '#src/kit/ids.js'
import { JobProgress } from './job-progress.js'

/** Whoever is connected to a cluster. */
export type Client = Awaited<ReturnType<typeof ClusterClient.connect>>

const LOOK_MS = 1_000

/**
 * A job that a cluster runs. What happens to it is heard as it happens; and because a message may be lost while
 * nats-server is away, the cluster is asked every second, too.
 */
export class SubmittedJob {
  readonly progress = new JobProgress()
  readonly #handle: JobHandle
  readonly #client: Client
  #next: NodeJS.Timeout | undefined
  #hasLeft = false

  constructor(handle: JobHandle, client: Client) {
    this.#handle = handle
    this.#client = client
    handle.follow((event) => this.progress.onEvent(event))
    handle.ended.catch(() => {}) // whatever ends the following, the cluster is asked
    void this.#look()
  }

  get run(): RunId {
    return this.#handle.run
  }

  details(): Promise<JobDetails> {
    return this.#client.job(this.run)
  }

  async cancel(): Promise<void> {
    await this.#handle.cancel()
    await this.progress.until('it is canceled', () => this.progress.outcome !== undefined)
  }

  /** Asks no more. */
  leave(): void {
    this.#hasLeft = true
    clearTimeout(this.#next)
  }

  async #look(): Promise<void> {
    const details = await this.details().catch(() => undefined)
    if (details !== undefined) this.progress.onState(details)
    if (!this.#hasLeft) this.#next = setTimeout(() => void this.#look(), LOOK_MS)
  }
}
