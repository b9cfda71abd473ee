import type { SystemTransports } from '../../actors/transports.js'
import { SimulatedNetwork } from '../actor/transport/simulated-network.js'
import type { Clock } from '../kit/clock.js'
import type { SystemId } from '../kit/ids.js'
import type { Random } from '../kit/random.js'
import { SimulatedThread } from './simulated-thread.js'
import { ThreadTransport } from './thread-transport.js'

export interface SimulatedProcessOptions {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  /** The way to other processes. */
  readonly network: SimulatedNetwork
  /** A system of this process can be reached by others from now on. */
  readonly onOpened?: (system: SystemId) => void
}

/** A process of a simulated machine: its threads, the ports between them, and its links to the others. */
export class SimulatedProcess {
  readonly name: string
  readonly main: SimulatedThread
  /** By how much the wall clock of its machine is wrong. */
  skewMs = 0
  readonly #options: SimulatedProcessOptions
  readonly #ports: SimulatedNetwork
  readonly #threads = new Map<SimulatedThread, Set<SystemId>>()

  constructor(options: SimulatedProcessOptions) {
    const { name, clock, random } = options
    this.#options = options
    this.name = name
    this.#ports = new SimulatedNetwork({ clock, random, latencyMs: [0.01, 0.2], reaches: 'attached' })
    this.main = this.thread()
  }

  get isAlive(): boolean {
    return this.main.isAlive()
  }

  /** A new one. @param part what it is called beside the process */
  thread(part?: string): SimulatedThread {
    const { name, clock } = this.#options
    const thread = new SimulatedThread(
      part === undefined ? name : `${name}/${part}`,
      clock,
      () => this.skewMs,
    )
    this.#threads.set(thread, new Set())
    return thread
  }

  /** How the actor system of one of its threads reaches the others. */
  transportsOf(thread: SimulatedThread): SystemTransports {
    const onOpened = (system: SystemId) => {
      this.#threads.get(thread)?.add(system)
      this.#options.onOpened?.(system)
    }
    const ways = [this.#ports, this.#options.network].map(
      (network) => new ThreadTransport(network.transport(), thread, onOpened),
    )
    return { transports: ways, local: 'by-reference' }
  }

  /** The actor systems that live in it. */
  systems(): readonly SystemId[] {
    return [...this.#threads.values()].flatMap((systems) => [...systems])
  }

  freeze(): void {
    for (const thread of this.#threads.keys()) thread.freeze()
  }

  thaw(): void {
    for (const thread of this.#threads.keys()) thread.thaw()
  }

  /** Of a sudden: its connections are closed by its system, and nothing else happens. */
  kill(): void {
    for (const thread of [...this.#threads.keys()].reverse()) this.killThread(thread)
  }

  killThread(thread: SimulatedThread): void {
    const systems = this.#threads.get(thread)
    thread.kill()
    this.#threads.delete(thread)
    for (const system of systems ?? []) {
      this.#ports.kill(system)
      this.#options.network.kill(system)
    }
  }
}
