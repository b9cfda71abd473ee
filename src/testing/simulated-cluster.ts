import type { JobClient } from '../../actors/job-client.js'
import { SimulatedNetwork } from '../actor/transport/simulated-network.js'
import type { Logger } from '../kit/logger.js'
import { type Random, randomInteger, seededRandom } from '../kit/random.js'
import { VirtualClock } from '../kit/virtual-clock.js'
import { simulatedClient } from './simulated-client.js'
import type { Surroundings } from './simulated-host.js'
import { SimulatedMachine } from './simulated-machine.js'
import { SimulatedProcess } from './simulated-process.js'

export interface SimulatedClusterOptions {
  readonly surroundings: Surroundings
  /** Of all task managers. */
  readonly slots: number
  readonly seed: number
  /** Milliseconds since 1970. */
  readonly startsAt: number
  readonly logger: Logger
}

/** Two, so that a job with several slots has channels between processes, and one with a single slot a spare one. */
const TASK_MANAGERS = 2

/** A job manager and task managers on one virtual clock and one seeded generator, and a client that submits jobs. */
export class SimulatedCluster {
  readonly clock: VirtualClock
  readonly client: JobClient
  readonly #random: Random
  readonly #client: SimulatedProcess
  readonly #machines: readonly SimulatedMachine[]

  constructor({ surroundings, slots, seed, startsAt, logger }: SimulatedClusterOptions) {
    const clock = new VirtualClock(startsAt)
    const random = seededRandom(seed)
    const network = new SimulatedNetwork({ clock, random })
    this.clock = clock
    this.#random = random
    const machine = { slots: Math.ceil(slots / TASK_MANAGERS), clock, random, network, surroundings, logger }
    this.#machines = [
      new SimulatedMachine({ ...machine, name: 'jm-1', roles: ['job-manager'] }),
      ...Array.from(
        { length: TASK_MANAGERS },
        (_, index) => new SimulatedMachine({ ...machine, name: `tm-${index + 1}`, roles: ['task-manager'] }),
      ),
    ]
    this.#client = new SimulatedProcess({ name: 'client', clock, random, network })
    this.client = simulatedClient(this.#client, random, logger)
  }

  get isReady(): boolean {
    return this.#machines.every(({ isReady }) => isReady)
  }

  /** Kills the process of the job manager, or one of the task managers that run a job. False: there is none such. */
  kill(role: 'job-manager' | 'task-manager'): boolean {
    const candidates = this.#machines.filter(
      (machine) =>
        machine.roles.includes(role) && (role === 'task-manager' ? machine.isBusy : machine.isReady),
    )
    const victim = candidates[randomInteger(this.#random, candidates.length)]
    victim?.kill()
    return victim !== undefined
  }

  /** Ends all processes: nothing happens any more. */
  switchOff(): void {
    for (const machine of this.#machines) machine.switchOff()
    this.#client.kill()
  }
}
