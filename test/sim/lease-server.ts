import type { Lease, LeaseHolder } from '#src/cluster/lease.js'
import { decodeLeaseHolder, encodeLeaseHolder } from '#src/cluster/lease-codec.js'
import { assert } from '#src/kit/assert.js'
import type { LogServerOptions } from './log-server.js'
import { NO_REFUSALS, type Refusals } from './store-link.js'

export interface LeaseFaults extends Refusals {
  /** Share of the reads that are answered by one who is behind: a leader of the store that was just voted out. */
  staleReads: number
  /** How far behind. */
  lagMs: readonly [number, number]
}

export const GOOD_LEASE: Readonly<LeaseFaults> = { ...NO_REFUSALS, staleReads: 0, lagMs: [0, 10_000] }

/** The lease where it is kept: the store itself judges each write; reads may be answered out of the past. */
export class LeaseServer {
  readonly faults: LeaseFaults = { ...GOOD_LEASE }
  readonly #options: LogServerOptions
  /** All that ever stood, oldest first. */
  readonly #written: { readonly lease: Lease; readonly at: number }[] = []

  constructor(options: LogServerOptions) {
    assert(
      options.memory.lease.read() === undefined,
      'the truth about a lease is known only from its first write on',
    )
    this.#options = options
  }

  write(holder: LeaseHolder, after: number, by: string): number | 'taken' {
    const { memory, clock, trace } = this.#options
    const answer = memory.lease.write(holder, after)
    const about = `${holder.name}${holder.isReleased ? ' lets go' : ''}`
    if (answer === 'taken') {
      trace.add(by, 'lease taken', `after ${after} ${about}`)
      return answer
    }
    trace.add(by, 'lease written', `${answer} ${about}`)
    this.#written.push({ lease: { revision: answer, holder: copyOf(holder) }, at: clock.now() })
    return answer
  }

  read(by: string): Lease | undefined {
    const newest = this.#written.at(-1)?.lease
    const shown = this.#shown()
    if (shown !== newest)
      this.#options.trace.add(by, 'lease stale', `${shown?.revision ?? 0} of ${newest?.revision}`)
    return shown && { ...shown, holder: copyOf(shown.holder) }
  }

  /** As it was at most `lagMs` ago. */
  #shown(): Lease | undefined {
    const { random, clock } = this.#options
    const { staleReads, lagMs } = this.faults
    if (random.next() >= staleReads) return this.#written.at(-1)?.lease
    const then = clock.now() - (lagMs[0] + random.next() * (lagMs[1] - lagMs[0]))
    return this.#written.findLast(({ at }) => at <= then)?.lease
  }
}

/** As it comes off the wire. */
function copyOf(holder: LeaseHolder): LeaseHolder {
  return decodeLeaseHolder(encodeLeaseHolder(holder))
}
