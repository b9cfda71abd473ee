import { setTimeout as pause } from 'node:timers/promises'
import type { NodeProcess } from '../e2e/node-process.js'

/** Between an end and the next start. */
const AGAIN_MS = 1_000
const LOOK_MS = 250

/**
 * A node and who watches over it, as systemd would: one that ends by itself is started again, because a node may give
 * up when it cannot reach NATS, or has lost its lead. What a fault takes down stays down until the fault is over.
 */
export class KeptNode {
  readonly process: NodeProcess
  #isWanted = false
  #isStarting = false
  readonly #timer: NodeJS.Timeout

  constructor(process: NodeProcess) {
    this.process = process
    this.#timer = setInterval(() => void this.#look(), LOOK_MS)
  }

  get name(): string {
    return this.process.name
  }

  get isUp(): boolean {
    return this.process.isRunning && !this.#isStarting
  }

  /** Resolves when it is ready, however many starts that takes. */
  async start(): Promise<void> {
    this.#isWanted = true
    while (this.#isWanted && !this.isUp) {
      await this.#look()
      if (!this.isUp) await pause(LOOK_MS)
    }
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.#isWanted = false
    await this.process.kill()
  }

  /** In good order. */
  async leave(): Promise<void> {
    this.#isWanted = false
    await this.process.leave()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.kill()
  }

  async #look(): Promise<void> {
    if (!this.#isWanted || this.#isStarting || this.process.isRunning) return
    this.#isStarting = true
    if (this.process.unwantedEnds > 0) await pause(AGAIN_MS)
    if (this.#isWanted) await this.process.start().catch(() => undefined) // it is looked at again
    this.#isStarting = false
  }
}
