import { frozen } from '../channel/frozen.js'
import { RetakeError } from '../kit/errors.js'

/**
 * What a source reads in a test: records in one or more splits, as a Kafka topic has partitions. It lies outside of all
 * processes, so a crash takes nothing of it, and a job that goes on from a checkpoint goes on in it where it stood.
 */
export interface Script<in T> {
  /**
   * Appends records to the only split, and wakes whoever reads it. They are frozen, all the way down. Throws RT1801 where
   * there are several splits, and after `end`.
   */
  add(...records: readonly T[]): this
  /** Appends records to one split: 0, 1 … Throws RT1801 for one that is not there, and after `end`. */
  addTo(split: number, ...records: readonly T[]): this
  /** No record comes any more: the source ends when it has read all. */
  end(): this
}

/**
 * A script with the records that are there from the beginning, split by split; with one empty split when none is given.
 *
 *     const clicks = scripted<Click>([clickOf('ann')])
 *     const [even, odd] = …; scripted(even, odd) // two splits
 */
export function scripted<T>(...splits: readonly (readonly T[])[]): Script<T> {
  return new ScriptTape(splits.length === 0 ? [[]] : splits)
}

/** A script as its readers see it: the record at each position of each split. */
export class ScriptTape implements Script<unknown> {
  readonly #splits: readonly unknown[][]
  readonly #listeners = new Set<() => void>()
  #isEnded = false

  constructor(splits: readonly (readonly unknown[])[]) {
    this.#splits = splits.map((records) => records.map(frozen))
  }

  add(...records: readonly unknown[]): this {
    if (this.#splits.length === 1) return this.addTo(0, ...records)
    throw new RetakeError('RT1801', {
      what: 'records were added to a script without a split',
      why: `it has ${this.#splits.length} splits`,
      fix: 'say which of them with addTo(split, …records)',
    })
  }

  addTo(split: number, ...records: readonly unknown[]): this {
    const found = this.#splits[split]
    if (found === undefined) throw noSuchSplit(split, this.#splits.length)
    if (this.#isEnded) throw endedAlready()
    for (const record of records) found.push(frozen(record))
    this.#tell()
    return this
  }

  end(): this {
    this.#isEnded = true
    this.#tell()
    return this
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  get splits(): number {
    return this.#splits.length
  }

  lengthOf(split: number): number {
    return this.#splits[split]?.length ?? 0
  }

  recordAt(split: number, position: number): unknown {
    return this.#splits[split]?.[position]
  }

  /** Calls `listener` whenever it has grown or ended, until what is returned is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

function noSuchSplit(split: number, splits: number): RetakeError {
  return new RetakeError('RT1801', {
    what: `records were added to split ${split} of a script`,
    why: splits === 1 ? 'it has one, split 0' : `it has splits 0 … ${splits - 1}`,
    fix: 'give scripted(…) an array of records for each split',
  })
}

function endedAlready(): RetakeError {
  return new RetakeError('RT1801', {
    what: 'records were added to a script that has ended',
    why: 'its source may have told the job that none comes any more',
    fix: 'add records before end()',
  })
}
