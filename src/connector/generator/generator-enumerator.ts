import type { SplitPosition } from '../../state/snapshot.js'
import type { SplitEnumerator } from '../source.js'
import type { GeneratorOptions } from './generator-options.js'
import { generatorSplit, shareOf } from './generator-position.js'

/** Cuts a generator into splits: as many as it was told, or as its source has subtasks when the run begins. */
export class GeneratorEnumerator implements SplitEnumerator {
  readonly discoverEveryMs = undefined
  readonly #count: number | null
  readonly #splits: number

  constructor({ count, splits }: GeneratorOptions, parallelism: number) {
    this.#count = count
    this.#splits = splits ?? parallelism
  }

  async resolve(): Promise<readonly SplitPosition[]> {
    const splits = this.#splits
    return Array.from({ length: splits }, (_, split) => {
      const stop = this.#count === null ? null : shareOf(this.#count, split, splits)
      return generatorSplit({ split, splits, next: 0, stop })
    })
  }

  async discover(): Promise<readonly SplitPosition[]> {
    return []
  }

  async close(): Promise<void> {}
}
