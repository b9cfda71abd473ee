import type { NodeRole } from '#actors/cluster-view.js'
import { SimulatedNode } from '#src/testing/simulated-node.js'
import { SimulatedProcess } from '#src/testing/simulated-process.js'
import type { World } from './world.js'

export interface MachineOptions {
  readonly name: string
  readonly roles: readonly NodeRole[]
  readonly slots: number
}

/** What a service manager waits before it starts a process again that has ended. */
const START_AGAIN_MS = 1_000

/** A machine with one node on it: a process after the other, for a service manager starts it again. */
export class Machine {
  readonly name: string
  readonly isDirector: boolean
  readonly #world: World
  readonly #options: MachineOptions
  #node: SimulatedNode | undefined
  #isFrozen = false
  #boots = 0

  constructor(world: World, options: MachineOptions) {
    this.name = options.name
    this.isDirector = options.roles.includes('job-manager')
    this.#world = world
    this.#options = options
    this.boot()
  }

  get process(): SimulatedProcess | undefined {
    return this.#node?.process
  }

  get isUp(): boolean {
    return this.#node?.process.isAlive === true && !this.#isFrozen
  }

  /** A slot of its is open. */
  get isBusy(): boolean {
    return this.isUp && this.#node?.isBusy === true
  }

  boot(): void {
    if (this.#node?.process.isAlive === true) return
    const { clock, random, network, trace, surroundings, logger } = this.#world
    const { name, roles, slots } = this.#options
    const boot = ++this.#boots
    trace.add(name, 'node starts')
    const process = new SimulatedProcess({
      name,
      clock,
      random,
      network,
      onOpened: (system) => this.#world.onOpened(system, name),
    })
    this.#isFrozen = false
    this.#node = new SimulatedNode({
      process,
      surroundings,
      roles,
      slots,
      heartbeatTimeoutMs: this.#world.heartbeatTimeoutMs,
      slotRequestMs: 60_000,
      random,
      logger: logger.with({ node: name }),
      onEvent: (event) => {
        if (event.type === 'ready' || event.type === 'lost') trace.add(name, `node ${event.type}`)
        else if (event.type === 'waiting') trace.add(name, 'node waiting', event.reason)
      },
      onEnded: (error) => {
        trace.add(name, 'node ended', error?.message ?? '')
        process.kill()
        clock.after(START_AGAIN_MS, () => {
          if (this.#boots === boot) this.boot()
        })
      },
    })
  }

  /** Of a sudden. Nobody starts it again before `downMs` have passed. */
  kill(downMs: number): void {
    if (this.#node?.process.isAlive !== true) return
    this.#world.trace.add(this.name, 'fault kill', `for ${downMs.toFixed(0)} ms`)
    this.#node.process.kill()
    this.#boots++
    this.#world.clock.after(downMs, () => this.boot())
  }

  freeze(): void {
    if (!this.isUp) return
    this.#world.trace.add(this.name, 'fault freeze')
    this.#isFrozen = true
    this.#node?.process.freeze()
  }

  thaw(): void {
    if (!this.#isFrozen) return
    this.#world.trace.add(this.name, 'fault thaw')
    this.#isFrozen = false
    this.#node?.process.thaw()
  }

  crashThread(): void {
    if (this.isUp && this.#node?.crashThread(this.#world.random) === true)
      this.#world.trace.add(this.name, 'fault thread crash')
  }

  drain(): void {
    if (!this.isUp || this.isDirector) return
    this.#world.trace.add(this.name, 'fault drain')
    this.#node?.drain()
  }
}
