import { LIMITS } from '../kit/limits.js'

/**
 * Whether another actor system is still there, judged by what was heard of it. Times are monotonic milliseconds.
 *
 * Lost after `peerSilenceMs` of silence, or after two "nobody listens there" at least `noResponderMs` apart with nothing
 * heard between them. No verdict while our own link is down: then it is we who cannot hear. After it is up again,
 * silence counts from that moment, and "nobody listens" only when the link has been steady for a while, because the
 * peer's own link may still be coming back. Time in which our own thread was blocked is no silence of the peer.
 */
export class PeerLiveness {
  readonly #limits: PeerLimits
  #heardAt: number
  /** The first "nobody listens there" since it was last heard. */
  #refusedAt: number | undefined
  #link: { readonly state: 'up'; readonly since: number } | { readonly state: 'down' } = {
    state: 'up',
    since: -Infinity,
  }

  /** Since when nobody listens there, as far as is known; undefined when it was heard after that. */
  get refusedAt(): number | undefined {
    return this.#refusedAt
  }

  constructor(now: number, limits: PeerLimits = LIMITS) {
    this.#heardAt = now
    this.#limits = limits
  }

  onHeard(now: number): void {
    this.#heardAt = now
    this.#refusedAt = undefined
  }

  onNoResponder(now: number): 'alive' | 'lost' {
    if (this.#link.state === 'down' || now - this.#link.since < this.#limits.linkSteadyMs) return 'alive'
    this.#refusedAt ??= now
    return now - this.#refusedAt >= this.#limits.noResponderMs ? 'lost' : 'alive'
  }

  onLink(state: 'up' | 'down', now: number): void {
    if (state === this.#link.state) return
    this.#link = state === 'up' ? { state, since: now } : { state }
    this.#refusedAt = undefined
  }

  /** Our own thread was blocked for `ms`. */
  onLag(ms: number): void {
    this.#heardAt += ms
  }

  onTick(now: number): 'alive' | 'lost' {
    if (this.#link.state === 'down') return 'alive'
    return now - Math.max(this.#heardAt, this.#link.since) >= this.#limits.peerSilenceMs ? 'lost' : 'alive'
  }
}

export interface PeerLimits {
  readonly peerSilenceMs: number
  readonly noResponderMs: number
  readonly linkSteadyMs: number
}
