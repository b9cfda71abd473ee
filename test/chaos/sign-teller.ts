import type { ChaosCluster } from './chaos-cluster.js'
import { signsOf } from './signs.js'

const EVERY_MS = 200

/** Tells each sign soon after the cluster has given it, and the same words once as long as no others come. */
export class SignTeller {
  readonly #cluster: ChaosCluster
  readonly #say: (line: string) => void
  readonly #told = new Set<string>()
  #last: string | undefined
  readonly #timer = setInterval(() => this.#tell(), EVERY_MS)

  constructor(cluster: ChaosCluster, say: (line: string) => void) {
    this.#cluster = cluster
    this.#say = say
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tell(): void {
    for (const { at, told } of signsOf(this.#cluster)) {
      const key = `${at} ${told}`
      if (this.#told.has(key)) continue
      this.#told.add(key)
      if (told !== this.#last) this.#say(`· ${told}`)
      this.#last = told
    }
  }
}
