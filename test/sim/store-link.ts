import { RetakeError } from '#src/kit/errors.js'
import { type Random, randomInteger } from '#src/kit/random.js'
import type { Trace } from './trace.js'
import { type Caller, Unanswered, type Wire } from './wire.js'

/** What the store says no to; faults change it while the world runs. Beside what the wire loses. */
export interface Refusals {
  /** Share of the writes that are refused (RT1302). A refused write may have been done, or half of it. */
  refusedWrites: number
  /** Share of the reads that are refused (RT1501: nobody leads there just now). */
  refusedReads: number
  /** Nothing more is taken in (RT1301). What takes no room goes on. */
  isFull: boolean
}

export const NO_REFUSALS: Readonly<Refusals> = { refusedWrites: 0, refusedReads: 0, isFull: false }

/** The part of the store that a link leads to: the first word of its lines in the trace. */
export type Where = 'log' | 'blob' | 'doc' | 'lease'

export interface StoreLinkOptions {
  readonly where: Where
  readonly caller: Caller
  readonly wire: Wire
  readonly refusals: Refusals
  readonly random: Random
  readonly trace: Trace
}

/** One client's way to one part of the store, and what that part refuses. Errors are those of the real stores. */
export class StoreLink {
  readonly #options: StoreLinkOptions
  #isClosed = false

  constructor(options: StoreLinkOptions) {
    this.#options = options
  }

  /** @param about what is read, for the trace */
  read<T>(about: string, run: () => T): Promise<T> {
    return this.#request(about, () => {
      const { random, refusals } = this.#options
      if (random.next() >= refusals.refusedReads) return run()
      this.#tell('refused', `${about} RT1501`)
      throw unreachable('its servers have not elected a leader yet')
    })
  }

  /**
   * @param whole does the write
   * @param half what a refused one may leave instead, where it is not done at one moment
   */
  write<T>(about: string, whole: () => T, half?: () => void): Promise<T> {
    return this.#write(about, this.#options.refusals.isFull, whole, half)
  }

  /** A write that needs no room. */
  remove(about: string, run: () => void): Promise<void> {
    return this.#write(about, false, run, undefined)
  }

  /** From now on everything is refused. What is under way goes on. */
  close(): void {
    this.#isClosed = true
  }

  #write<T>(about: string, needsRoom: boolean, whole: () => T, half: (() => void) | undefined): Promise<T> {
    return this.#request(about, () => {
      const { random, refusals } = this.#options
      const isRefused = random.next() < refusals.refusedWrites
      if (!isRefused && !(needsRoom && refusals.isFull)) return whole()
      const refusal = needsRoom && refusals.isFull ? full(about) : unwritable(about)
      const outcomes =
        half === undefined ? (['nothing', 'all'] as const) : (['nothing', 'all', 'half'] as const)
      const left = outcomes[randomInteger(random, outcomes.length)]
      this.#tell('refused', `${about} ${refusal.code}, ${left} of it done`)
      if (left === 'all') whole()
      if (left === 'half') half?.()
      throw refusal
    })
  }

  async #request<T>(about: string, run: () => T): Promise<T> {
    const { wire, caller } = this.#options
    if (this.#isClosed) throw closed()
    let fate: 'under way' | 'done' | 'given up' = 'under way'
    try {
      return await wire.request(caller, () => {
        if (fate === 'given up') this.#tell('late', about)
        fate = 'done'
        return run()
      })
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      this.#tell(fate === 'under way' ? 'unanswered' : 'answer lost', about)
      fate = 'given up'
      throw unreachable('no answer came', error)
    }
  }

  #tell(what: string, about: string): void {
    const { trace, caller, where } = this.#options
    trace.add(caller.name, `${where} ${what}`, about)
  }
}

function unreachable(why: string, cause?: unknown): RetakeError {
  const fix = 'wait until the simulated store is back'
  return new RetakeError('RT1501', { what: 'the store cannot be reached', why, fix, cause })
}

function unwritable(what: string): RetakeError {
  const why = 'the simulated store says so'
  return new RetakeError('RT1302', { what: `${what} cannot be written`, why, fix: 'try again' })
}

function full(what: string): RetakeError {
  const why = 'the simulated store is full'
  return new RetakeError('RT1301', { what: `no space is left to write ${what}`, why, fix: 'make room' })
}

function closed(): RetakeError {
  const why = 'its client closed it'
  return new RetakeError('RT1506', { what: 'the connection to the store ended', why, fix: 'open another' })
}
