import { assert } from '../../kit/assert.js'
import type { Clock } from '../../kit/clock.js'
import type { SystemId } from '../../kit/ids.js'
import type { Random } from '../../kit/random.js'
import { systemOf } from '../address.js'
import { Ring } from '../ring.js'
import type { Parcel, Transport, TransportReceiver } from './transport.js'

/** How bad a simulated network is. */
export interface SimulatedNetworkOptions {
  /** When parcels arrive: a `VirtualClock`. */
  readonly clock: Clock
  /** Draws latencies and losses: `seededRandom(1)`. */
  readonly random: Random
  /** A parcel takes between these, drawn for each. Default 0.2 to 2. */
  readonly latencyMs?: LatencyMs
  /** Share of parcels that vanish without a word. Default 0. */
  readonly loss?: number
  /**
   * `anyone`: like NATS, it knows a way to every system. `attached`: like the ports between the threads of a process, it
   * knows one to those that are attached, and they hear of one that is gone. Default `anyone`.
   */
  readonly reaches?: 'anyone' | 'attached'
  /** Whether what `from` sent to `to` is lost on arrival: cuts that go one way, or between hosts, or for some words. */
  readonly isCut?: (from: SystemId, to: SystemId, parcel: Parcel) => boolean
  /** Sees every parcel that arrives, just before it does. */
  readonly onArrival?: (from: SystemId, to: SystemId, parcel: Parcel) => void
}

type LatencyMs =
  | readonly [number, number]
  | ((from: SystemId, to: SystemId) => readonly [min: number, max: number])

/**
 * A network of actor systems in one thread, as bad as a test wants it: seeded latency, loss, partitions, links that go
 * down, systems that are killed. What it keeps is what every transport keeps: between two systems nothing is reordered
 * within a lane, and nothing repeated.
 *
 * A partition loses silently, as a network does. A link that is down is known to its own side, as to a NATS client. A
 * killed system is heard of as "nobody listens there".
 */
export class SimulatedNetwork {
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: SimulatedNetworkOptions
  readonly #receivers = new Map<SystemId, TransportReceiver>()
  /** Who holds a name, and has not let it go. */
  readonly #names = new Map<SystemId, Set<SystemId>>()
  readonly #linksDown = new Set<SystemId>()
  readonly #partitions = new Set<string>()
  /** What is under way, by pair and lane: whichever timer fires, it is the oldest that arrives. */
  readonly #lanes = new Map<string, Lane>()
  readonly #latencyMs: LatencyMs
  #loss: number

  constructor(options: SimulatedNetworkOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#random = options.random
    this.#latencyMs = options.latencyMs ?? [0.2, 2]
    this.#loss = options.loss ?? 0
  }

  /** For one system. */
  transport(): Transport {
    return new SimulatedTransport(this)
  }

  /** Share of what is sent from now on that vanishes, 0 … 1. */
  setLoss(share: number): void {
    this.#loss = share
  }

  /** Between the two everything is lost, both ways, until healed. */
  partition(a: SystemId, b: SystemId): void {
    this.#partitions.add(pairOf(a, b)).add(pairOf(b, a))
  }

  /** Ends what `partition` began. */
  heal(a: SystemId, b: SystemId): void {
    this.#partitions.delete(pairOf(a, b))
    this.#partitions.delete(pairOf(b, a))
  }

  /** The system notices that it is cut off from everyone. */
  linkDown(system: SystemId): void {
    if (this.#linksDown.has(system)) return
    this.#linksDown.add(system)
    this.#receivers.get(system)?.onLink('down')
  }

  /** Ends what `linkDown` began. */
  linkUp(system: SystemId): void {
    if (this.#linksDown.delete(system)) this.#receivers.get(system)?.onLink('up')
  }

  /** The process of `system` is gone: it hears nothing, what it still sends goes nowhere. */
  kill(system: SystemId): void {
    this.#linksDown.delete(system)
    for (const name of [...this.#names.keys()]) this.unname(name, system)
    if (!this.#receivers.delete(system) || this.#options.reaches !== 'attached') return
    for (const [other, receiver] of this.#receivers) {
      this.#clock.after(this.#latencyOf(system, other), () => receiver.onPeerGone?.(system))
    }
  }

  /** For its transports. */
  reaches(system: SystemId): boolean {
    return this.#options.reaches !== 'attached' || this.#receivers.has(system)
  }

  /** For its transports. */
  attach(system: SystemId, receiver: TransportReceiver): void {
    assert(!this.#receivers.has(system), 'a system attaches once', { system })
    this.#receivers.set(system, receiver)
  }

  /** For its transports: what is sent to `name` arrives at `system`, too, from now on. */
  name(name: SystemId, system: SystemId): void {
    const holders = this.#names.get(name) ?? new Set()
    this.#names.set(name, holders.add(system))
  }

  /** For its transports. */
  unname(name: SystemId, system: SystemId): void {
    const holders = this.#names.get(name)
    if (holders?.delete(system) && holders.size === 0) this.#names.delete(name)
  }

  /** Who is found by `name`. */
  holdersOf(name: SystemId): readonly SystemId[] {
    return [...(this.#names.get(name) ?? [])]
  }

  /** For its transports. */
  carry(from: SystemId, parcel: Parcel): void {
    const sender = this.#receivers.get(from)
    if (sender === undefined) return
    if (this.#linksDown.has(from)) {
      // Told in a turn of its own: a sender never hears of its parcel while it is still sending.
      this.#clock.soon(() => this.#refuse(from, parcel, 'link-down'))
      return
    }
    const named = systemOf(parcel.to)
    const holders = [...(this.#names.get(named) ?? [named])]
    for (const to of holders) {
      const lane = this.#laneOf(from, to, parcel.kind === 'frame')
      const isLost = this.#random.next() < this.#loss
      lane.push({ parcel, copy: copied(parcel), isLost, isForOne: holders.length === 1 })
      this.#clock.after(this.#latencyOf(from, to), () => this.#arrive(from, to, lane))
    }
  }

  #latencyOf(from: SystemId, to: SystemId): number {
    const latencyMs = this.#latencyMs
    const [min, max] = typeof latencyMs === 'function' ? latencyMs(from, to) : latencyMs
    return min + this.#random.next() * (max - min)
  }

  #arrive(from: SystemId, to: SystemId, lane: Lane): void {
    const first = lane.shift()
    if (first === undefined || first.isLost || this.#partitions.has(pairOf(from, to))) return
    if (this.#linksDown.has(from) || this.#linksDown.has(to)) return
    if (this.#options.isCut?.(from, to, first.parcel) === true) return
    this.#options.onArrival?.(from, to, first.parcel)
    const receiver = this.#receivers.get(to)
    if (receiver !== undefined) receiver.onParcel(first.copy)
    else if (first.isForOne) this.#refuse(from, first.parcel, 'no-responder')
  }

  #refuse(from: SystemId, parcel: Parcel, why: 'no-responder' | 'link-down'): void {
    this.#receivers.get(from)?.onUndeliverable(parcel, why)
  }

  #laneOf(from: SystemId, to: SystemId, isFrame: boolean): Lane {
    const name = `${pairOf(from, to)} ${isFrame ? 'data' : 'control'}`
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = new Ring()
      this.#lanes.set(name, lane)
    }
    return lane
  }
}

type Lane = Ring<{
  readonly parcel: Parcel
  readonly copy: Parcel
  readonly isLost: boolean
  /** Of what goes to several, nobody is told that one of them is gone: others hear it. */
  readonly isForOne: boolean
}>

class SimulatedTransport implements Transport {
  readonly #network: SimulatedNetwork
  #system: SystemId | undefined

  constructor(network: SimulatedNetwork) {
    this.#network = network
  }

  async open(system: SystemId, receiver: TransportReceiver): Promise<void> {
    this.#system = system
    this.#network.attach(system, receiver)
  }

  async takeName(name: SystemId): Promise<void> {
    if (this.#system !== undefined) this.#network.name(name, this.#system)
  }

  dropName(name: SystemId): void {
    if (this.#system !== undefined) this.#network.unname(name, this.#system)
  }

  reaches(system: SystemId): boolean {
    return this.#system !== undefined && this.#network.reaches(system)
  }

  send(parcel: Parcel): void {
    if (this.#system !== undefined) this.#network.carry(this.#system, parcel)
  }

  async close(): Promise<void> {
    if (this.#system !== undefined) this.#network.kill(this.#system)
    this.#system = undefined
  }
}

function pairOf(from: SystemId, to: SystemId): string {
  return `${from} ${to}`
}

/** As any wire would: sender and receiver never share an object. */
function copied(parcel: Parcel): Parcel {
  if (parcel.kind !== 'frame') return structuredClone(parcel)
  assert(parcel.body instanceof Uint8Array, 'a frame that leaves its thread is bytes')
  return { ...parcel, body: new Uint8Array(parcel.body) }
}
