import { randomInteger, seededRandom } from '#src/kit/random.js'
import { medianOf } from './spread.js'

/** A ratio of two medians, and where it lies in 95 of 100 cases. */
export interface Interval {
  readonly ratio: number
  readonly low: number
  readonly high: number
}

const RESAMPLES = 2_000
const TAIL = 0.025

/**
 * How many times the median of `before` the median of `after` is, with its 95 % interval by the bootstrap: as many
 * values as there were are drawn from either side, again and again, with replacement, and what their medians' ratio
 * leaves out at both ends is left out. No shape of the noise is assumed, and the dice always fall alike, so that the same
 * two reports have the same answer.
 */
export function ratioOfMedians(before: readonly number[], after: readonly number[]): Interval {
  const random = seededRandom(1)
  const resampled = (values: readonly number[]) =>
    median(values.map(() => values[randomInteger(random, values.length)]!))
  const ratios = Array.from({ length: RESAMPLES }, () => {
    const divisor = resampled(before)
    return resampled(after) / divisor
  }).sort((a, b) => a - b)
  return {
    ratio: median(after) / median(before),
    low: ratios[Math.floor(TAIL * RESAMPLES)]!,
    high: ratios[Math.ceil((1 - TAIL) * RESAMPLES) - 1]!,
  }
}

function median(values: readonly number[]): number {
  return medianOf([...values].sort((a, b) => a - b))
}
