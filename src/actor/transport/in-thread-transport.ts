import type { Clock } from '../../kit/clock.js'
import type { SystemId } from '../../kit/ids.js'
import { systemOf } from '../address.js'
import type { Parcel, Transport, TransportReceiver } from './transport.js'

/** The systems of one thread that reach each other by reference. */
export class InThreadNetwork {
  readonly #clock: Clock
  readonly #receivers: Receivers = new Map()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For one system. */
  transport(): Transport {
    return new InThreadTransport(this.#clock, this.#receivers)
  }
}

/** Who hears what is sent to a system: itself; to a name: whoever holds it. */
type Receivers = Map<SystemId, Set<TransportReceiver>>

/**
 * Carries parcels between two actor systems of one thread: the same objects, one turn of the loop later, so that no
 * system ever runs inside a turn of another.
 */
class InThreadTransport implements Transport {
  readonly #clock: Clock
  readonly #receivers: Receivers
  #receiver: TransportReceiver | undefined
  #system: SystemId | undefined
  #waiting: Parcel[] = []

  constructor(clock: Clock, receivers: Receivers) {
    this.#clock = clock
    this.#receivers = receivers
  }

  async open(system: SystemId, receiver: TransportReceiver): Promise<void> {
    this.#system = system
    this.#receiver = receiver
    this.#listen(system, receiver)
  }

  async takeName(name: SystemId): Promise<void> {
    if (this.#receiver !== undefined) this.#listen(name, this.#receiver)
  }

  dropName(name: SystemId): void {
    const holders = this.#receivers.get(name)
    if (this.#receiver === undefined || holders === undefined) return
    holders.delete(this.#receiver)
    if (holders.size === 0) this.#receivers.delete(name)
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
    for (const name of [...this.#receivers.keys()]) this.dropName(name)
    this.#system = undefined
    this.#receiver = undefined
    const left = new Set([...this.#receivers.values()].flatMap((holders) => [...holders]))
    for (const receiver of left) receiver.onPeerGone?.(gone)
  }

  #deliver(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const parcel of waiting) {
      const holders = this.#receivers.get(systemOf(parcel.to))
      if (holders === undefined) this.#receiver?.onUndeliverable(parcel, 'no-responder')
      else for (const to of [...holders]) to.onParcel(parcel)
    }
  }

  #listen(to: SystemId, receiver: TransportReceiver): void {
    const holders = this.#receivers.get(to) ?? new Set()
    this.#receivers.set(to, holders.add(receiver))
  }
}
