import type { Cancel, Clock } from '../kit/clock.js'
import type { SystemId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Address, ExitReason } from './actor.js'
import { systemOf } from './address.js'
import { Obituaries } from './obituaries.js'
import { type PeerLimits, PeerLiveness } from './peer-liveness.js'

/** Who watches: a cell. It hears once of each address, and forgets by itself what it no longer watches. */
export interface Watcher {
  onDown(address: Address, reason: ExitReason): void
}

/** What two systems tell each other about the actors they watch. */
export type WatchSignal =
  /** All that `from` watches in the receiver's system, each with the incarnation it saw, 0 before it saw one. */
  | {
      readonly type: 'ping'
      readonly from: SystemId
      readonly watched: readonly (readonly [Address, number])[]
    }
  | {
      readonly type: 'report'
      readonly from: SystemId
      readonly alive: readonly (readonly [Address, number])[]
      readonly down: readonly (readonly [Address, ExitReason])[]
    }

/**
 * Tells each watcher exactly once when what it watches has ended.
 *
 * Within the system that is a table. Between systems signals may be lost, so each ping carries the whole list of what
 * is watched, and each report answers all of it: whatever got lost, the next exchange heals. A watched actor is known by
 * its incarnation, so that a new actor under an old name does not pass for the one that ended. The peer's own end is
 * judged by `PeerLiveness`.
 */
export class DeathWatch {
  readonly #own: SystemId
  readonly #clock: Clock
  readonly #outside: DeathWatchOutside
  readonly #limits: WatchLimits
  readonly #obituaries = new Obituaries()
  /** Local watchers by local target. */
  readonly #watchers = new Map<Address, Set<Watcher>>()
  readonly #peers = new Map<SystemId, Peer>()
  /** What other systems watch here, as their latest ping had it. */
  readonly #watchedBy = new Map<
    SystemId,
    { readonly heardAt: number; readonly addresses: ReadonlySet<Address> }
  >()
  /** When any of them was heard last. */
  #heardAt = -Infinity
  #cancelTick: Cancel | undefined
  #tickDueAt = 0

  constructor(own: SystemId, clock: Clock, outside: DeathWatchOutside, limits: WatchLimits = LIMITS) {
    this.#own = own
    this.#clock = clock
    this.#outside = outside
    this.#limits = limits
  }

  watch(watcher: Watcher, target: Address): void {
    const system = systemOf(target)
    if (system === this.#own) this.#watchHere(watcher, target)
    else this.#watchThere(watcher, target, system)
  }

  unwatch(watcher: Watcher, target: Address): void {
    const system = systemOf(target)
    if (system === this.#own) {
      const watchers = this.#watchers.get(target)
      if (watchers?.delete(watcher) && watchers.size === 0) this.#watchers.delete(target)
      return
    }
    const peer = this.#peers.get(system)
    const entry = peer?.watched.get(target)
    if (peer === undefined || entry === undefined || !entry.watchers.delete(watcher)) return
    if (entry.watchers.size === 0) this.#dropTarget(system, peer, target)
  }

  /** An actor of this system has ended. */
  onEnded(address: Address, reason: ExitReason): void {
    this.#obituaries.add(address, reason)
    const watchers = this.#watchers.get(address)
    if (watchers !== undefined) {
      this.#watchers.delete(address)
      for (const watcher of watchers) watcher.onDown(address, reason)
    }
    for (const [system, { addresses }] of this.#watchedBy) {
      if (!addresses.has(address)) continue
      this.#outside.signal(system, { type: 'report', from: this.#own, alive: [], down: [[address, reason]] })
    }
  }

  onSignal(signal: WatchSignal): void {
    if (signal.type === 'ping') this.#onPing(signal.from, signal.watched)
    else this.#onReport(signal)
  }

  /** A ping found nobody in `system`. */
  onNoResponder(system: SystemId): void {
    const peer = this.#peers.get(system)
    if (peer === undefined) return
    const { liveness } = peer
    const isFirst = liveness.refusedAt === undefined
    if (liveness.onNoResponder(this.#clock.now()) === 'lost') {
      if (this.#othersAnswer(peer)) this.onLost(system)
    } else if (isFirst && liveness.refusedAt !== undefined) {
      this.#askOnce(system, peer)
    }
  }

  onLink(system: SystemId, state: 'up' | 'down'): void {
    this.#peers.get(system)?.liveness.onLink(state, this.#clock.now())
  }

  peers(): IterableIterator<SystemId> {
    return this.#peers.keys()
  }

  /** `system` is not there any more, for certain or by verdict. */
  onLost(system: SystemId): void {
    const peer = this.#peers.get(system)
    if (peer === undefined) return
    this.#peers.delete(system)
    for (const [address, { watchers }] of peer.watched) {
      for (const watcher of watchers) watcher.onDown(address, { kind: 'lost' })
    }
  }

  counters(): { watchedSystems: number; watchingSystems: number } {
    return { watchedSystems: this.#peers.size, watchingSystems: this.#watchedBy.size }
  }

  close(): void {
    this.#cancelTick?.()
    this.#cancelTick = undefined
    this.#peers.clear()
    this.#watchers.clear()
    this.#watchedBy.clear()
  }

  #watchHere(watcher: Watcher, target: Address): void {
    if (this.#outside.incarnationOf(target) === undefined) {
      watcher.onDown(target, this.#obituaries.reasonOf(target))
      return
    }
    const watchers = this.#watchers.get(target)
    if (watchers === undefined) this.#watchers.set(target, new Set([watcher]))
    else watchers.add(watcher)
  }

  #watchThere(watcher: Watcher, target: Address, system: SystemId): void {
    const peer = this.#peers.get(system) ?? this.#newPeer(system)
    const entry = peer.watched.get(target)
    if (entry !== undefined) {
      entry.watchers.add(watcher)
      return
    }
    peer.watched.set(target, { incarnation: 0, watchers: new Set([watcher]) })
    this.#ping(system, peer)
  }

  /**
   * The next ping of the round may come a moment too early for its answer to count. One more, just late enough, and by
   * when the others have answered, tells as soon as it can be told.
   */
  #askOnce(system: SystemId, peer: Peer): void {
    const { noResponderMs, pingMs } = this.#limits
    this.#clock.after(noResponderMs + pingMs / 16, () => {
      const isStill = this.#peers.get(system) === peer && peer.liveness.refusedAt !== undefined
      if (isStill) this.#ping(system, peer)
    })
  }

  #newPeer(system: SystemId): Peer {
    const now = this.#clock.now()
    const peer: Peer = { liveness: new PeerLiveness(now, this.#limits), watched: new Map() }
    if (this.#outside.isLinkDown(system)) peer.liveness.onLink('down', now)
    this.#peers.set(system, peer)
    if (this.#cancelTick === undefined) this.#armTick()
    return peer
  }

  #dropTarget(system: SystemId, peer: Peer, target: Address): void {
    peer.watched.delete(target)
    if (peer.watched.size > 0) return
    this.#ping(system, peer) // the empty list: the peer need not remember us
    this.#peers.delete(system)
  }

  #onDown(system: SystemId, peer: Peer, address: Address, reason: ExitReason): void {
    const entry = peer.watched.get(address)
    if (entry === undefined) return
    this.#dropTarget(system, peer, address)
    for (const watcher of entry.watchers) watcher.onDown(address, reason)
  }

  #onPing(from: SystemId, watched: readonly (readonly [Address, number])[]): void {
    this.#rememberPeer(from, watched)
    const alive: [Address, number][] = []
    const down: [Address, ExitReason][] = []
    for (const [address, seen] of watched) {
      const incarnation = this.#outside.incarnationOf(address)
      if (incarnation !== undefined && (seen === 0 || seen === incarnation))
        alive.push([address, incarnation])
      else down.push([address, this.#obituaries.reasonOf(address)])
    }
    this.#outside.signal(from, { type: 'report', from: this.#own, alive, down })
  }

  #onReport({ from, alive, down }: Extract<WatchSignal, { type: 'report' }>): void {
    this.#heardAt = this.#clock.now()
    const peer = this.#peers.get(from)
    if (peer === undefined) return
    peer.liveness.onHeard(this.#heardAt)
    for (const [address, incarnation] of alive) {
      const entry = peer.watched.get(address)
      if (entry !== undefined && entry.incarnation === 0) entry.incarnation = incarnation
    }
    for (const [address, reason] of down) this.#onDown(from, peer, address, reason)
  }

  #rememberPeer(from: SystemId, watched: readonly (readonly [Address, number])[]): void {
    const now = this.#clock.now()
    this.#watchedBy.delete(from)
    for (const [system, { heardAt }] of this.#watchedBy) {
      if (now - heardAt > 2 * this.#limits.peerSilenceMs) this.#watchedBy.delete(system)
    }
    if (watched.length > 0)
      this.#watchedBy.set(from, { heardAt: now, addresses: new Set(watched.map(([address]) => address)) })
  }

  /**
   * Of all at once nobody is believed to be gone because nobody listens there: then it is more likely our way to them,
   * or the NATS server between, that is. Their silence will tell.
   */
  #othersAnswer({ liveness }: Peer): boolean {
    // Whoever was heard since is another: had it been this one, it would not be refusing.
    return this.#peers.size === 1 || this.#heardAt > (liveness.refusedAt ?? 0)
  }

  #armTick(): void {
    this.#tickDueAt = this.#clock.now() + this.#limits.pingMs
    this.#cancelTick = this.#clock.after(this.#limits.pingMs, () => this.#tick())
  }

  #tick(): void {
    this.#cancelTick = undefined
    const now = this.#clock.now()
    const lagMs = now - this.#tickDueAt
    for (const [system, peer] of [...this.#peers]) {
      if (lagMs > this.#limits.pingMs) peer.liveness.onLag(lagMs)
      if (peer.liveness.onTick(now) === 'lost') this.onLost(system)
      else this.#ping(system, peer)
    }
    if (this.#peers.size > 0) this.#armTick()
  }

  #ping(system: SystemId, peer: Peer): void {
    const watched = [...peer.watched].map(([address, { incarnation }]) => [address, incarnation] as const)
    this.#outside.signal(system, { type: 'ping', from: this.#own, watched })
  }
}

/** What the death watch needs of its system. */
export interface DeathWatchOutside {
  /** Sends to the death watch of `system`; what cannot be sent comes back by `onNoResponder`. */
  signal(system: SystemId, signal: WatchSignal): void
  /** Number of the living actor at `address`, 1 and up; undefined if none lives there. */
  incarnationOf(address: Address): number | undefined
  isLinkDown(system: SystemId): boolean
}

export interface WatchLimits extends PeerLimits {
  readonly pingMs: number
}

interface Peer {
  readonly liveness: PeerLiveness
  readonly watched: Map<Address, { incarnation: number; readonly watchers: Set<Watcher> }>
}
