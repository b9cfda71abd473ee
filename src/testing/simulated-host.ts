import type { HostedNode, NodeHost } from '../../actors/node-host.js'
import type { SystemTransports } from '../../actors/transports.js'
import type { ActorSystem } from '../actor/system.js'
import type { JobPlanner } from '../cluster/job-planner.js'
import type { StateStoreUser } from '../cluster/open-state-store.js'
import type { StateStore } from '../cluster/state-store.js'
import type { ConnectorLoader } from '../connector/registry.js'
import type { JobShelf } from './job-shelf.js'
import type { SimulatedProcess } from './simulated-process.js'
import { SimulatedSlotThreads } from './simulated-slot-threads.js'
import type { SimulatedThread } from './simulated-thread.js'

/** What is around a simulated process: the code of jobs, and the edges, each as one thread sees it. */
export interface Surroundings {
  readonly jobs: JobShelf
  openStore(thread: SimulatedThread): StateStore
  connectors(thread: SimulatedThread): ConnectorLoader
  /** A slot's thread has begun. */
  onThread?(thread: SimulatedThread, system: ActorSystem): void
}

/** One incarnation of a node in a simulated process. */
export class SimulatedHost implements NodeHost {
  readonly machine = { host: 'simulated', pid: 1, cpus: 1, memoryBytes: 1 }
  readonly transports: SystemTransports
  readonly threads: SimulatedSlotThreads
  readonly connectors: ConnectorLoader
  readonly #process: SimulatedProcess
  readonly #surroundings: Surroundings

  constructor(node: HostedNode, process: SimulatedProcess, surroundings: Surroundings) {
    this.#process = process
    this.#surroundings = surroundings
    this.transports = process.transportsOf(process.main)
    this.threads = new SimulatedSlotThreads(node, process, surroundings)
    this.connectors = surroundings.connectors(process.main)
  }

  async openStore(user: StateStoreUser): Promise<StateStore | undefined> {
    return user === 'job-manager' ? this.#surroundings.openStore(this.#process.main) : undefined
  }

  planner(): JobPlanner {
    return this.#surroundings.jobs.planner
  }

  residentBytes(): number {
    return 0
  }

  release(): void {}
}
