import { assert } from '../kit/assert.js'
import type { SystemId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Lease, LeaseHolder } from './lease.js'

/** What a candidate wants of the lease's store next. `after`: as in `LeaseStore.write`. */
export type LeaseStep = { readonly do: 'read' } | { readonly do: 'write'; readonly after: number }

/**
 * Where a candidate is.
 *
 *     standing-by   another holds the lease; its revision is unchanged for `heldMs` of our own clock
 *     reaching      the lease is free, or its holder silent: ours if nobody is faster
 *     leading       it is ours, and written again and again, so that the others see it change
 *     in-doubt      it has another revision than ours: an answer was lost, or another holds it
 */
type State =
  | { readonly kind: 'standing-by'; readonly seen: Seen | undefined }
  | { readonly kind: 'reaching'; readonly after: number; readonly from: LeaseHolder | undefined }
  | ({ readonly kind: 'leading' | 'in-doubt' } & Held)

/** `from`: who had it before. */
interface Held {
  readonly revision: number
  readonly from: LeaseHolder | undefined
}

interface Seen {
  readonly lease: Lease
  readonly readAt: number
  readonly heldMs: number
}

/**
 * One of the nodes that may lead a cluster. It takes the lease when nobody has it, or when its revision has not changed
 * for `LIMITS.leaseMs` of its own clock: no clocks are compared, and nothing expires by itself. Only time counts in which
 * the lease could be read: while its store does not answer, or this node stands still, its holder may not be at fault.
 */
export class Candidate {
  readonly #own: SystemId
  #state: State = { kind: 'standing-by', seen: undefined }

  constructor(own: SystemId) {
    this.#own = own
  }

  get isLeading(): boolean {
    return this.#state.kind === 'leading' || this.#state.kind === 'in-doubt'
  }

  /** Of the lease as it was written last; 0 when it is not ours. */
  get revision(): number {
    return this.#state.kind === 'leading' || this.#state.kind === 'in-doubt' ? this.#state.revision : 0
  }

  /** Whether the next step can wait: nothing is known that calls for it. */
  get isAtRest(): boolean {
    return this.#state.kind === 'standing-by' || this.#state.kind === 'leading'
  }

  /** Who holds the lease, as it was read last; of one that is ours, who held it before. */
  get other(): LeaseHolder | undefined {
    const state = this.#state
    return state.kind === 'standing-by' ? state.seen?.lease.holder : state.from
  }

  next(): LeaseStep {
    const state = this.#state
    if (state.kind === 'reaching') return { do: 'write', after: state.after }
    return state.kind === 'leading' ? { do: 'write', after: state.revision } : { do: 'read' }
  }

  onRead(lease: Lease | undefined, now: number): void {
    switch (this.#state.kind) {
      case 'standing-by':
        this.#state = this.#watch(lease, this.#state.seen, now)
        return
      case 'in-doubt':
        this.#state = this.#resolve(lease, this.#state, now)
        return
      case 'reaching':
      case 'leading':
        return
    }
  }

  onWritten(answer: number | 'taken'): void {
    const state = this.#state
    assert(state.kind !== 'standing-by', 'an answer to what was written', { answer })
    if (answer !== 'taken') this.#state = { kind: 'leading', revision: answer, from: state.from }
    else if (state.kind === 'reaching') this.#state = { kind: 'standing-by', seen: undefined }
    // Told meanwhile that another leads, it is in doubt already.
    else this.#state = { ...state, kind: 'in-doubt' }
  }

  /** What was written may stand or not. Who reaches looks again; who leads writes it again. */
  onUnknown(): void {
    if (this.#state.kind === 'reaching') this.#state = { kind: 'standing-by', seen: undefined }
  }

  /** Another says that it leads, since this revision. */
  onSuperseded(revision: number): void {
    if (this.#state.kind === 'leading' && revision > this.#state.revision)
      this.#state = { ...this.#state, kind: 'in-doubt' }
  }

  #watch(lease: Lease | undefined, seen: Seen | undefined, now: number): State {
    if (lease === undefined) return { kind: 'reaching', after: 0, from: undefined }
    const { revision, holder } = lease
    const gapMs = seen?.lease.revision === revision ? now - seen.readAt : 0
    const heldMs = gapMs === 0 ? 0 : (seen?.heldMs ?? 0) + Math.min(gapMs, LIMITS.leaseGapMs)
    // It may be ours from before: the actor that had it has failed.
    const isFree = holder.isReleased || holder.system === this.#own || heldMs >= LIMITS.leaseMs
    return isFree
      ? { kind: 'reaching', after: revision, from: holder }
      : { kind: 'standing-by', seen: { lease, readAt: now, heldMs } }
  }

  #resolve(lease: Lease | undefined, { revision, from }: Held, now: number): State {
    // The store was set back, or made anew: nobody holds anything.
    if (lease === undefined) return { kind: 'leading', revision: 0, from }
    if (lease.holder.system !== this.#own) return this.#watch(lease, undefined, now)
    // Ours: the answer to an earlier write was lost. An older one is an old view: it is read again.
    return lease.revision > revision
      ? { kind: 'leading', revision: lease.revision, from }
      : { kind: 'in-doubt', revision, from }
  }
}
