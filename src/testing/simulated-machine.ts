import type { NodeRole } from '../../actors/cluster-view.js'
import type { NodeEvent } from '../../actors/node-process.js'
import type { SimulatedNetwork } from '../actor/transport/simulated-network.js'
import type { Clock } from '../kit/clock.js'
import type { ErrorInfo } from '../kit/errors.js'
import type { SystemId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Logger } from '../kit/logger.js'
import type { Random } from '../kit/random.js'
import type { Surroundings } from './simulated-host.js'
import { SimulatedNode } from './simulated-node.js'
import { SimulatedProcess } from './simulated-process.js'

export interface SimulatedMachineOptions {
  readonly name: string
  readonly roles: readonly NodeRole[]
  /** Of a task manager. */
  readonly slots: number
  readonly clock: Clock
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly surroundings: Surroundings
  readonly heartbeatTimeoutMs?: number
  readonly slotRequestMs?: number
  readonly logger: Logger
  readonly onEvent?: (event: MachineEvent) => void
  /** An actor system lives on it from now on. */
  readonly onOpened?: (system: SystemId) => void
}

/** What happens to its node, and to the process that this lives in. */
export type MachineEvent =
  | NodeEvent
  | { readonly type: 'starts' }
  | { readonly type: 'ended'; readonly error: ErrorInfo | undefined }

/** What a service manager waits before it starts a process again that has ended. */
const START_AGAIN_MS = 1_000

/** A machine with one node on it: a process after the other, for its service manager starts it again. */
export class SimulatedMachine {
  readonly name: string
  readonly roles: readonly NodeRole[]
  readonly #options: SimulatedMachineOptions
  #node: SimulatedNode | undefined
  #state: 'down' | 'starting' | 'ready' | 'frozen while starting' | 'frozen' | 'off' = 'down'
  #boots = 0

  constructor(options: SimulatedMachineOptions) {
    this.name = options.name
    this.roles = options.roles
    this.#options = options
    this.boot()
  }

  /** Its node is part of the cluster. */
  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** Its process lives, and does not stand still. */
  get isUp(): boolean {
    return this.#state === 'starting' || this.#state === 'ready'
  }

  /** A job has slots on it. */
  get isBusy(): boolean {
    return this.isUp && this.#node?.isBusy === true
  }

  /** What lives in its process. */
  systems(): readonly SystemId[] {
    return this.#node?.process.systems() ?? []
  }

  /** Its wall clock is wrong by so much, until its process ends. */
  skewClock(skewMs: number): void {
    if (this.#node !== undefined) this.#node.process.skewMs = skewMs
  }

  /** Starts a process unless there is one. */
  boot(): void {
    if (this.#state !== 'down') return
    const { name, roles, slots, clock, random, network, surroundings, logger, onEvent, onOpened } =
      this.#options
    const { heartbeatTimeoutMs = LIMITS.peerSilenceMs, slotRequestMs = LIMITS.slotRequestMs } = this.#options
    onEvent?.({ type: 'starts' })
    const process = new SimulatedProcess({
      name,
      clock,
      random,
      network,
      ...(onOpened !== undefined && { onOpened }),
    })
    this.#state = 'starting'
    this.#boots++
    this.#node = new SimulatedNode({
      process,
      surroundings,
      roles,
      slots,
      heartbeatTimeoutMs,
      slotRequestMs,
      random,
      logger: logger.with({ node: name }),
      onEvent: (event) => {
        if (event.type === 'ready') this.#onReady()
        onEvent?.(event)
      },
      onEnded: (error) => {
        if (!process.isAlive) return
        onEvent?.({ type: 'ended', error })
        this.kill()
      },
    })
  }

  /** Ends its process of a sudden, as kill -9 does, and starts another after `downMs`. */
  kill(downMs = START_AGAIN_MS): void {
    if (this.#state === 'off' || this.#state === 'down') return
    this.#node?.process.kill()
    this.#state = 'down'
    const boots = this.#boots
    this.#options.clock.after(downMs, () => {
      if (boots === this.#boots) this.boot()
    })
  }

  /** Its process stands still, as by SIGSTOP. */
  freeze(): void {
    if (!this.isUp) return
    this.#node?.process.freeze()
    this.#state = this.isReady ? 'frozen' : 'frozen while starting'
  }

  thaw(): void {
    if (this.#state !== 'frozen' && this.#state !== 'frozen while starting') return
    this.#state = this.#state === 'frozen' ? 'ready' : 'starting'
    this.#node?.process.thaw()
  }

  /** Ends the thread of one of its slots as a crash would. False: it has none. */
  crashThread(): boolean {
    return this.isUp && this.#node?.crashThread(this.#options.random) === true
  }

  /** Has its node leave as told by its operator. */
  drain(): void {
    if (this.isUp) this.#node?.drain()
  }

  /** For good. */
  switchOff(): void {
    this.#node?.process.kill()
    this.#state = 'off'
  }

  /** What its process had begun when it froze may end meanwhile. */
  #onReady(): void {
    if (this.#state === 'starting') this.#state = 'ready'
    if (this.#state === 'frozen while starting') this.#state = 'frozen'
  }
}
