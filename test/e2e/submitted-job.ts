import type { ClusterClient } from '#actors/cluster-client.js'
import type { JobDetails } from '#actors/cluster-view.js'
import type { JobHandle } from '#actors/node.js'
import type { RunId } from '#src/kit/ids.js'
import { JobProgress } from './job-progress.js'

/** Whoever is connected to a cluster. */
export type Client = Awaited<ReturnType<typeof ClusterClient.connect>>

const LOOK_MS = 1_000
const CANCEL_SECONDS = 20
const CANCELS = 3

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

  /** A leader that is replaced in the moment in which it is asked forgets it (docs/guarantees.md): asked again, as users would. */
  async cancel(): Promise<void> {
    const hasEnded = () => this.progress.outcome !== undefined
    for (let asked = 1; !hasEnded(); asked++) {
      await this.#handle.cancel()
      const ended = this.progress.until('it is canceled', hasEnded, CANCEL_SECONDS)
      await (asked < CANCELS ? ended.catch((error) => this.#goOn(error)) : ended)
    }
  }

  /** Having waited in vain is no failure yet; anything else is one. */
  #goOn(error: unknown): void {
    if (!String(error).includes('in vain')) throw error
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
