import type { Cancel, Clock } from '#src/kit/clock.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'

/** Whose work it is: that of the machines that direct, or stand by, or that of all others. */
export type Party = 'leader' | 'others'

/** Real CPU, as this process had it; turns are callbacks of the clock. */
export interface Work {
  readonly cpuMs: number
  readonly turns: number
  /** The longest turn of all. */
  readonly longestMs: number
}

/**
 * Virtual time that knows what it costs, and whom. The CPU that is spent until the next callback begins belongs to
 * whoever has the last one: it is what that one called, and the promises that settled behind it. CPU and not time, so
 * that it does not matter what else the machine does.
 */
export class MeteredClock extends VirtualClock {
  readonly #idleTurnMs: number
  readonly #work = { leader: noWork(), others: noWork() }
  #party: Party = 'others'
  #since = cpuMs()

  /** @param idleTurnMs what a turn costs in which nothing is done: it is taken off */
  constructor(idleTurnMs = 0) {
    super()
    this.#idleTurnMs = idleTurnMs
  }

  override after(delayMs: number, callback: () => void): Cancel {
    return this.#after('others', delayMs, callback)
  }

  /** The same time for one party. */
  of(party: Party): Clock {
    return {
      now: () => this.now(),
      wallTime: () => this.wallTime(),
      after: (delayMs, callback) => this.#after(party, delayMs, callback),
      soon: (callback) => void this.#after(party, 0, callback),
    }
  }

  /** From here to the next callback it is this party that works. */
  goesOn(party: Party): void {
    // Most callbacks follow their like: theirs is one sum, and asking for the CPU time costs as much as some of them.
    if (party === 'others' && this.#party === party) return
    const now = cpuMs()
    const work = this.#work[this.#party]
    const tookMs = now - this.#since - this.#idleTurnMs
    work.cpuMs += tookMs
    work.turns++
    work.longestMs = Math.max(work.longestMs, tookMs)
    this.#since = now
    this.#party = party
  }

  /** Since it was last taken. */
  take(party: Party): Work {
    this.goesOn('others')
    const work = this.#work[party]
    this.#work[party] = noWork()
    return work
  }

  #after(party: Party, delayMs: number, callback: () => void): Cancel {
    return super.after(delayMs, () => {
      this.goesOn(party)
      callback()
    })
  }
}

/** What is measured of a leader that does nothing, a turn: the clock's own part, and that of the simulation. */
export async function idleTurnMs(): Promise<number> {
  const clock = new MeteredClock()
  const leader = clock.of('leader')
  for (let i = 0; i < 20_000; i++) {
    leader.after(i, () => {})
    clock.after(i, () => {})
  }
  await clock.advance(10_000)
  clock.take('leader')
  await clock.advance(10_000)
  const { cpuMs, turns } = clock.take('leader')
  return cpuMs / turns
}

function noWork(): { -readonly [K in keyof Work]: Work[K] } {
  return { cpuMs: 0, turns: 0, longestMs: 0 }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
