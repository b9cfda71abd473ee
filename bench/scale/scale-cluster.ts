import type { JobClient } from '#actors/job-client.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import { discardSink } from '#src/connector/discard/discard-sink.js'
import { generatorSource } from '#src/connector/generator/generator-connector.js'
import { Connectors } from '#src/connector/registry.js'
import type { SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { JobShelf } from '#src/testing/job-shelf.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { CLIENT, simulatedClient } from '#src/testing/simulated-client.js'
import { SimulatedMachine } from '#src/testing/simulated-machine.js'
import { SimulatedProcess } from '#src/testing/simulated-process.js'
import { MeteredClock } from './metered-clock.js'
import { meteredStore } from './metered-store.js'
import { Phase, type Reading } from './phase.js'
import { Tally } from './tally.js'
import { Traffic } from './traffic.js'

/** Those of the job; loaded before time begins, which waits for no disk. */
const CONNECTORS = new Connectors({ generator: generatorSource }, { discard: discardSink })

export interface ScaleClusterOptions {
  /** Task managers; two job managers come on top, one of which stands by. */
  readonly nodes: number
  /** Of each. */
  readonly slots: number
  /** What the clock measures where nothing is done. */
  readonly idleTurnMs: number
}

/** Job managers, task managers and a client, on one metered clock and one seeded generator. */
export class ScaleCluster {
  readonly clock: MeteredClock
  readonly client: JobClient
  readonly jobs = new JobShelf()
  readonly workers: readonly SimulatedMachine[]
  readonly #directors: readonly SimulatedMachine[]
  /** Systems of all that may direct. */
  readonly #directing = new Set<SystemId>()
  #leader: string | undefined
  readonly #stored = new Tally()
  readonly #traffic = new Traffic((system) => this.#directing.has(system))
  readonly #client: SimulatedProcess

  constructor({ nodes, slots, idleTurnMs }: ScaleClusterOptions) {
    const clock = new MeteredClock(idleTurnMs)
    this.clock = clock
    const random = seededRandom(1)
    const state = new MemoryState()
    const network = new SimulatedNetwork({
      clock,
      random,
      onArrival: (from, to, parcel) => {
        // Whoever watches is not part of what is measured.
        if (from !== CLIENT && to !== CLIENT) this.#traffic.onArrival(from, to, parcel)
        if (this.#directing.has(to)) clock.goesOn('leader')
      },
    })
    const surroundings = {
      jobs: this.jobs,
      openStore: () => meteredStore(state.open(), this.#stored),
      connectors: () => async () => CONNECTORS,
    }
    const machine = { slots, random, network, surroundings, logger: silentLogger }
    this.#directors = ['jm-1', 'jm-2'].map(
      (name) =>
        new SimulatedMachine({
          ...machine,
          name,
          roles: ['job-manager'],
          clock: clock.of('leader'),
          onOpened: (system) => this.#directing.add(system),
          onEvent: ({ type }) => {
            if (type === 'leads') this.#leader = name
          },
        }),
    )
    this.workers = Array.from(
      { length: nodes },
      (_, index) =>
        new SimulatedMachine({ ...machine, name: `tm-${index + 1}`, roles: ['task-manager'], clock }),
    )
    this.#client = new SimulatedProcess({ name: 'client', clock, random, network })
    this.client = simulatedClient(this.#client, random, silentLogger)
  }

  get isReady(): boolean {
    return [...this.#directors, ...this.workers].every(({ isReady }) => isReady)
  }

  /** Name of the node that has come to lead last. */
  get leader(): string | undefined {
    return this.#leader
  }

  killLeader(): void {
    this.#directors.find(({ name }) => name === this.#leader)?.kill()
  }

  /** What happens while `work` is awaited. */
  async during(work: () => Promise<unknown>): Promise<Phase> {
    const before = this.#read()
    this.clock.take('leader')
    await work()
    return new Phase(before, this.#read(), this.clock.take('leader'))
  }

  /** Ends all processes: nothing happens any more. */
  switchOff(): void {
    for (const machine of [...this.#directors, ...this.workers]) machine.switchOff()
    this.#client.kill()
  }

  #read(): Reading {
    return { ...this.#traffic.read(), atMs: this.clock.now(), store: this.#stored.read() }
  }
}
