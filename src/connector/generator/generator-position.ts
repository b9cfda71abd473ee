import { isCount } from '../../kit/shape.js'
import type { SplitPosition } from '../../state/snapshot.js'
import { fieldsOf, noPosition } from '../kept-position.js'

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

/** Throws RT1210 for a split that is no share of a generator. */
export function generatorPosition(kept: SplitPosition): GeneratorPosition {
  const { split, splits, next, stop } = fieldsOf(kept)
  const isKnown = isCount(split) && isCount(splits) && isCount(next) && (stop === null || isCount(stop))
  if (!isKnown || split >= splits || kept.split !== idOf(split)) throw noPosition('a generator', kept)
  return { split, splits, next, stop }
}

/** How many of the indices 0 … count - 1 are `split` modulo `splits`. */
export function shareOf(count: number, split: number, splits: number): number {
  return Math.max(0, Math.ceil((count - split) / splits))
}

function idOf(split: number): string {
  return `generator-${split}`
}
