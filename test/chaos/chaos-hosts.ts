import { type Host, THIS_HOST } from '../support/host.js'
import { SmallDisk } from '../support/small-disk.js'
import { TestNetwork } from '../support/test-network.js'

/** What a fault needs of this machine, and not every machine has. */
export type Need = 'network' | 'slow links' | 'small disks'

/** Where servers and nodes run: each on a host of its own where network namespaces can be had, else all on this one. */
export class ChaosHosts {
  readonly #network: TestNetwork | undefined
  readonly #whyNot: ReadonlyMap<Need, string>

  private constructor(network: TestNetwork | undefined, whyNot: ReadonlyMap<Need, string>) {
    this.#network = network
    this.#whyNot = whyNot
  }

  static async create(names: readonly string[]): Promise<ChaosHosts> {
    const whyNot = new Map<Need, string>()
    const refuse = (need: Need, why: string | undefined) => why !== undefined && whyNot.set(need, why)
    refuse('small disks', SmallDisk.whyNot())
    const whyNoNetwork = await TestNetwork.whyNot()
    refuse('network', whyNoNetwork)
    refuse('slow links', whyNoNetwork)
    if (whyNoNetwork !== undefined) return new ChaosHosts(undefined, whyNot)
    const network = await TestNetwork.create(names)
    refuse('slow links', network.whyNotSlow)
    return new ChaosHosts(network, whyNot)
  }

  host(name: string): Host {
    return this.#network?.host(name) ?? THIS_HOST
  }

  /** The links between them. A fault that needs none does not ask. */
  get network(): TestNetwork {
    if (this.#network === undefined) throw new Error('there is no network between the hosts')
    return this.#network
  }

  /** Why a fault that needs this cannot be had here; undefined when it can. */
  whyNot(need: Need): string | undefined {
    return this.#whyNot.get(need)
  }

  /** For people. */
  get told(): string {
    if (this.#network === undefined) return `all on one host: ${this.#whyNot.get('network')}`
    return `a network namespace for each server and node; slow links by ${this.#network.slowness}`
  }

  remove(): void {
    this.#network?.remove()
  }
}
