import type { NodeRole } from '../../actors/cluster-view.js'
import { type NodeEvent, type RunningNode, startNodeProcess } from '../../actors/node-process.js'
import { type ErrorInfo, errorInfoOf } from '../kit/errors.js'
import type { Logger } from '../kit/logger.js'
import { type Random, randomInteger } from '../kit/random.js'
import { SimulatedHost, type Surroundings } from './simulated-host.js'
import type { SimulatedProcess } from './simulated-process.js'

export interface SimulatedNodeOptions {
  readonly process: SimulatedProcess
  readonly surroundings: Surroundings
  readonly roles: readonly NodeRole[]
  readonly slots: number
  readonly heartbeatTimeoutMs: number
  readonly slotRequestMs: number
  readonly random: Random
  readonly logger: Logger
  readonly onEvent: (event: NodeEvent) => void
  /** It has ended by itself, with what it could not go on for. A process that is killed says nothing. */
  readonly onEnded: (error: ErrorInfo | undefined) => void
}

/** `retake node` in a simulated process: its incarnations, until the process ends. */
export class SimulatedNode {
  readonly process: SimulatedProcess
  readonly #hosts: SimulatedHost[] = []
  #running: RunningNode | undefined

  constructor(options: SimulatedNodeOptions) {
    const { process, surroundings, roles, slots, heartbeatTimeoutMs, slotRequestMs, random, logger } = options
    const { onEvent, onEnded } = options
    this.process = process
    startNodeProcess({
      name: process.name,
      roles,
      slots,
      labels: {},
      nats: { servers: [] },
      cluster: 'simulated',
      stateDirectory: undefined,
      heartbeatTimeoutMs,
      slotRequestMs,
      clock: process.main.clock,
      random,
      logger,
      onEvent,
      host: (node) => {
        const host = new SimulatedHost(node, process, surroundings)
        this.#hosts.push(host)
        return host
      },
    }).then(
      (running) => {
        this.#running = running
        running.ended.then(onEnded)
      },
      (error: unknown) => onEnded(errorInfoOf(error)),
    )
  }

  /** A slot of its is open, or opens. */
  get isBusy(): boolean {
    return this.#hosts.some(({ threads }) => threads.living().length > 0)
  }

  /** Has it leave as told by its operator. */
  drain(): void {
    void this.#running?.drain()
  }

  /** Ends the thread of one of its slots as a crash would. False: it has none. */
  crashThread(random: Random): boolean {
    const living = this.#hosts.flatMap(({ threads }) =>
      threads.living().map((thread) => ({ threads, thread })),
    )
    const victim = living[randomInteger(random, living.length)]
    victim?.threads.crash(victim.thread)
    return victim !== undefined
  }
}
