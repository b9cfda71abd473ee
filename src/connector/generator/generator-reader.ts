import type { Cancel } from '../../kit/clock.js'
import { RetakeError } from '../../kit/errors.js'
import { IndexedRandom } from '../../kit/indexed-random.js'
import { LIMITS } from '../../kit/limits.js'
import type { SplitPosition } from '../../state/snapshot.js'
import type { SourceContext, SourceReader } from '../source.js'
import type { GeneratorFunctions, GeneratorOptions } from './generator-options.js'
import { type GeneratorPosition, generatorPosition, generatorSplit } from './generator-position.js'
import { Pace } from './pace.js'

/** Records that one split gives before the next has its turn. */
const TURN_RECORDS = 256

/** A split in the hands of this reader. */
interface Share {
  readonly split: number
  readonly splits: number
  readonly stop: number
  next: number
}

/**
 * Makes records, each by its index alone: after a restart it makes the same ones, from the position on.
 *
 * With a rate each split has its own part of it, so that the whole source keeps it however splits lie on subtasks.
 * What is not due yet is waited for with a timer, never by polling.
 */
export class GeneratorReader implements SourceReader {
  readonly #ratePerSecond: number | null
  readonly #make: GeneratorFunctions['make']
  readonly #random: IndexedRandom
  readonly #ctx: SourceContext
  readonly #shares: Share[] = []
  /** Those that are not at their end. */
  #live: Share[] = []
  #turn = 0
  #pace: Pace | undefined
  #cancelWait: Cancel | undefined

  constructor({ ratePerSecond, seed }: GeneratorOptions, { make }: GeneratorFunctions, ctx: SourceContext) {
    this.#ratePerSecond = ratePerSecond
    this.#make = make
    this.#random = new IndexedRandom(seed)
    this.#ctx = ctx
  }

  addSplits(splits: readonly SplitPosition[]): void {
    for (const split of splits) this.#shares.push(shareAt(generatorPosition(split)))
    this.#live = this.#shares.filter(isLive)
    this.#setPace()
  }

  poll(): 'more' | 'idle' | 'end' {
    if (this.#live.length === 0) return 'end'
    const due = this.#pace?.due(this.#ctx.clock.now()) ?? LIMITS.batchRecords
    const live = this.#live.length
    const made = this.#emit(Math.min(due, LIMITS.batchRecords))
    this.#pace?.spend(made)
    if (this.#live.length < live) this.#setPace()
    if (this.#live.length === 0) return 'end'
    if (this.#pace === undefined || made < due) return 'more'
    this.#wait(this.#pace)
    return 'idle'
  }

  positions(): readonly SplitPosition[] {
    return this.#shares.map(({ split, splits, next, stop }) =>
      generatorSplit({ split, splits, next, stop: Number.isFinite(stop) ? stop : null }),
    )
  }

  async close(): Promise<void> {
    this.#cancelWait?.()
  }

  /** Emits `records` records, fewer only when all splits end: splits take turns. */
  #emit(records: number): number {
    let left = records
    while (left > 0 && this.#live.length > 0) {
      const live = this.#live
      this.#turn = (this.#turn + 1) % live.length
      const share = live[this.#turn]!
      const turn = Math.min(
        left,
        TURN_RECORDS,
        Math.max(1, Math.floor(records / live.length)),
        share.stop - share.next,
      )
      this.#makeRecords(share, turn)
      left -= turn
      if (!isLive(share)) this.#live = live.filter(isLive)
    }
    return records - left
  }

  #makeRecords(share: Share, records: number): void {
    const make = this.#make
    const random = this.#random
    const ctx = this.#ctx
    const { splits } = share
    let index = share.next * splits + share.split
    for (let i = 0; i < records; i++) {
      let record: unknown
      try {
        record = make(random.at(index), index)
      } catch (cause) {
        throw makeFailed(index, cause)
      }
      ctx.emit(record)
      index += splits
    }
    share.next += records
  }

  /** The part of the rate that its splits have. */
  #setPace(): void {
    if (this.#ratePerSecond === null || this.#live.length === 0) return
    const rate = (this.#ratePerSecond * this.#live.length) / this.#live[0]!.splits
    const now = this.#ctx.clock.now()
    if (this.#pace === undefined) this.#pace = new Pace(rate, now)
    else this.#pace.change(rate, now)
  }

  #wait(pace: Pace): void {
    this.#cancelWait?.()
    const { clock } = this.#ctx
    this.#cancelWait = clock.after(pace.waitMs(clock.now()), () => this.#ctx.ready())
  }
}

function shareAt({ split, splits, next, stop }: GeneratorPosition): Share {
  return { split, splits, next, stop: stop ?? Number.POSITIVE_INFINITY }
}

function isLive({ next, stop }: Share): boolean {
  return next < stop
}

function makeFailed(index: number, cause: unknown): RetakeError {
  return new RetakeError('RT1601', {
    what: 'the make function of a generator threw',
    why: `at index ${index}: ${cause instanceof Error ? cause.message : String(cause)}`,
    fix: 'correct the function: it makes a record of every index',
    cause,
  })
}
