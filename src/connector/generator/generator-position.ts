import { assert } from '../../kit/assert.js'
import type { SplitPosition } from '../../state/snapshot.js'

/**
 * One of the `splits` shares of a generator, fixed for the run at checkpoint 0: it makes the records whose index is
 * `split` modulo `splits`, in their order. `next` counts its own records, so its next index is next · splits + split.
 */
export interface GeneratorPosition {
  readonly split: number
  readonly splits: number
  readonly next: number
  /** Its share of `count`; null: without end. */
  readonly stop: number | null
}

export function generatorSplit(position: GeneratorPosition): SplitPosition {
  const { split, splits, next, stop } = position
  return {
    split: idOf(split),
    owner: split,
    position: { split, splits, next, stop },
    ended: stop !== null && next >= stop,
  }
}

export function generatorPosition({ split: id, position }: SplitPosition): GeneratorPosition {
  const { split, splits, next, stop } = position as GeneratorPosition
  const isKnown =
    Number.isSafeInteger(splits) &&
    Number.isSafeInteger(next) &&
    (stop === null || Number.isSafeInteger(stop)) &&
    split >= 0 &&
    split < splits
  assert(isKnown && id === idOf(split), 'a split is not one of this generator', { id, position })
  return { split, splits, next, stop }
}

/** How many of the indices 0 … count - 1 are `split` modulo `splits`. */
export function shareOf(count: number, split: number, splits: number): number {
  return Math.max(0, Math.ceil((count - split) / splits))
}

function idOf(split: number): string {
  return `generator-${split}`
}
