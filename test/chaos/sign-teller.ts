import type { ChaosCluster } from './chaos-cluster.js'
import { signsOf } from './signs.js'

const EVERY_MS = 200

/** Tells each sign once, soon after the cluster has given it. */
export class SignTeller {
  readonly #cluster: ChaosCluster
  readonly #say: (line: string) => void
  readonly #told = new Set<string>()
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
      this.#say(`· ${told}`)
    }
  }
}
