import type { Clock } from '../../kit/clock.js'
import type { SystemId } from '../../kit/ids.js'
import { systemOf } from '../address.js'
import type { Parcel, Transport, TransportReceiver } from './transport.js'

/** The systems of one thread that reach each other by reference. */
export class InThreadNetwork {
  readonly #clock: Clock
  readonly #receivers = new Map<SystemId, TransportReceiver>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For one system. */
  transport(): Transport {
    return new InThreadTransport(this.#clock, this.#receivers)
  }
}

/**
 * Carries parcels between two actor systems of one thread: the same objects, one turn of the loop later, so that no
 * system ever runs inside a turn of another.
 */
class InThreadTransport implements Transport {
  readonly #clock: Clock
  readonly #receivers: Map<SystemId, TransportReceiver>
  #receiver: TransportReceiver | undefined
  #system: SystemId | undefined
  #waiting: Parcel[] = []

  constructor(clock: Clock, receivers: Map<SystemId, TransportReceiver>) {
    this.#clock = clock
    this.#receivers = receivers
  }

  async open(system: SystemId, receiver: TransportReceiver): Promise<void> {
    this.#system = system
    this.#receiver = receiver
    this.#receivers.set(system, receiver)
  }

  async takeName(name: SystemId): Promise<void> {
    if (this.#receiver !== undefined) this.#receivers.set(name, this.#receiver)
  }

  reaches(system: SystemId): boolean {
    return this.#receivers.has(system)
  }

  send(parcel: Parcel): void {
    if (this.#receiver === undefined) return
    this.#waiting.push(parcel)
    if (this.#waiting.length === 1) this.#clock.soon(() => this.#deliver())
  }

  async close(): Promise<void> {
    if (this.#system === undefined) return
    this.#deliver()
    const gone = this.#system
    for (const [name, receiver] of this.#receivers) {
      if (receiver === this.#receiver) this.#receivers.delete(name)
    }
    this.#system = undefined
    this.#receiver = undefined
    for (const receiver of [...this.#receivers.values()]) receiver.onPeerGone?.(gone)
  }

  #deliver(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const parcel of waiting) {
      const to = this.#receivers.get(systemOf(parcel.to))
      if (to === undefined) this.#receiver?.onUndeliverable(parcel, 'no-responder')
      else to.onParcel(parcel)
    }
  }
}
