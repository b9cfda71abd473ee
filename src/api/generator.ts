import type { GeneratorFunctions, GeneratorOptions } from '../connector/generator/generator-options.js'
import { IndexedRandom } from '../kit/indexed-random.js'
import type { Random } from '../kit/random.js'
import type { Source } from './ends.js'
import { requiredWhole, wrongOption } from './required.js'

/** What `generator.source` takes. Wrong values are refused with RT1012. */
export interface GeneratorSourceOptions<T> {
  /**
   * The record at `index`, 0, 1, 2 …; the same for the same seed and index, whenever it is made. `random` starts anew
   * for each index, and is good for this call alone.
   */
  readonly make: (random: Random, index: number) => T
  /** Records in all; without end unless said. */
  readonly count?: number | undefined
  /** Of the whole source; as fast as they are taken unless said. */
  readonly ratePerSecond?: number | undefined
  /** 0 unless said. */
  readonly seed?: number | undefined
  /** Shares that are made independently, fixed when the run begins; one for each subtask of then unless said. */
  readonly splits?: number | undefined
}

/**
 * Records out of nothing: for demonstrations, tests and benchmarks. Those of a run are `make` of each index below
 * `count`, whatever the splits and restarts; indices of one split rise, and splits have no order among each other. Throws
 * RT1012 for a wrong option.
 */
function source<T>(options: GeneratorSourceOptions<T>): Source<T> {
  const { make, count, ratePerSecond, seed = 0, splits } = options
  if (typeof make !== 'function') {
    throw wrongOption('generator.source', 'make', make, 'a function of (random, index)')
  }
  if (ratePerSecond !== undefined && !(ratePerSecond > 0 && Number.isFinite(ratePerSecond))) {
    throw wrongOption('generator.source', 'ratePerSecond', ratePerSecond, 'a number above 0')
  }
  const data: GeneratorOptions = {
    count: count === undefined ? null : requiredWhole('generator.source', 'count', count, 0),
    ratePerSecond: ratePerSecond ?? null,
    seed: requiredWhole('generator.source', 'seed', seed, Number.MIN_SAFE_INTEGER),
    splits: splits === undefined ? null : requiredWhole('generator.source', 'splits', splits, 1),
  }
  const functions: GeneratorFunctions = { make }
  return { connector: 'generator', options: { ...data }, functions: { ...functions } }
}

/** What `make` is given at `index`: for those who count the records elsewhere. */
function randomAt(seed: number, index: number): Random {
  return new IndexedRandom(seed).at(index)
}

/** Records that are made up, the same for the same seed. */
export const generator = { source, randomAt } as const
