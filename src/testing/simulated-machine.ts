import type { NodeRole } from '../../actors/cluster-view.js'
import type { SimulatedNetwork } from '../actor/transport/simulated-network.js'
import { LIMITS } from '../kit/limits.js'
import type { Logger } from '../kit/logger.js'
import type { Random } from '../kit/random.js'
import type { VirtualClock } from '../kit/virtual-clock.js'
import type { Surroundings } from './simulated-host.js'
import { SimulatedNode } from './simulated-node.js'
import { SimulatedProcess } from './simulated-process.js'

export interface SimulatedMachineOptions {
  readonly name: string
  readonly role: NodeRole
  /** Of a task manager. */
  readonly slots: number
  readonly clock: VirtualClock
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly surroundings: Surroundings
  readonly logger: Logger
}

/** What a service manager waits before it starts a process again that has ended. */
const START_AGAIN_MS = 1_000

/** A machine with one node on it: a process after the other, for its service manager starts it again. */
export class SimulatedMachine {
  readonly role: NodeRole
  readonly #options: SimulatedMachineOptions
  #node!: SimulatedNode
  #state: 'starting' | 'ready' | 'down' | 'off' = 'down'

  constructor(options: SimulatedMachineOptions) {
    this.role = options.role
    this.#options = options
    this.#boot()
  }

  /** Its node is part of the cluster. */
  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** A job has slots on it. */
  get isBusy(): boolean {
    return this.#node.process.isAlive && this.#node.isBusy
  }

  /** Ends its process of a sudden, as kill -9 does. */
  kill(): void {
    this.#node.process.kill()
    this.#onDown()
  }

  /** For good. */
  switchOff(): void {
    this.#node.process.kill()
    this.#state = 'off'
  }

  #boot(): void {
    if (this.#state !== 'down') return
    const { name, role, slots, clock, random, network, surroundings, logger } = this.#options
    const process = new SimulatedProcess({ name, clock, random, network })
    this.#state = 'starting'
    this.#node = new SimulatedNode({
      process,
      surroundings,
      roles: [role],
      slots,
      heartbeatTimeoutMs: LIMITS.peerSilenceMs,
      slotRequestMs: LIMITS.slotRequestMs,
      random,
      logger: logger.with({ node: name }),
      onEvent: ({ type }) => {
        if (type === 'ready' && process.isAlive) this.#state = 'ready'
      },
      onEnded: () => {
        if (!process.isAlive) return
        process.kill()
        this.#onDown()
      },
    })
  }

  #onDown(): void {
    if (this.#state === 'off') return
    this.#state = 'down'
    this.#options.clock.after(START_AGAIN_MS, () => this.#boot())
  }
}
