import { endianness } from 'node:os'
import { assert } from '#src/kit/assert.js'
import type { Percentiles } from './sample.js'

/** A histogram on its way from one thread or process to another, or into a file. */
export interface HistogramData {
  readonly n: number
  readonly max: number
  /** Those that hold anything, in order. */
  readonly buckets: readonly (readonly [bucket: number, times: number])[]
}

/**
 * Latencies in milliseconds, each known to within 1/128 of itself, however many there are: every power of two has 128
 * buckets of the same width. They are cut where the bits of a floating-point number already cut it, behind the exponent
 * and seven bits of the fraction, so that to record is to read one word.
 *
 * What is shorter than 0.1 µs counts as that, what is longer than two hours as that; the longest of all is kept as it is.
 */
export class Histogram {
  readonly #times = new Float64Array(BUCKETS)
  #n = 0
  #max = 0

  /** `ms` of less than nothing, as a timer that fires early makes it, counts as nothing. */
  record(ms: number, times = 1): void {
    assert(ms < Number.POSITIVE_INFINITY, 'a latency is a number', { ms })
    if (ms > this.#max) this.#max = ms
    this.#times[bucketOf(ms)]! += times
    this.#n += times
  }

  add(other: Histogram | HistogramData): void {
    const { n, max, buckets } = other instanceof Histogram ? other.toData() : other
    for (const [bucket, times] of buckets) this.#times[bucket]! += times
    this.#n += n
    this.#max = Math.max(this.#max, max)
  }

  /** Never less than what was recorded: the upper end of a bucket stands for all that is in it. */
  percentiles(): Percentiles {
    const curve = percentilesUpTo(this.#n).map((percentile) => [percentile, this.#at(percentile)] as const)
    return { n: this.#n, p50: this.#at(50), p99: this.#at(99), p999: this.#at(99.9), max: this.#max, curve }
  }

  toData(): HistogramData {
    const buckets: [bucket: number, times: number][] = []
    for (const [bucket, times] of this.#times.entries()) if (times > 0) buckets.push([bucket, times])
    return { n: this.#n, max: this.#max, buckets }
  }

  #at(percentile: number): number {
    if (this.#n === 0) return 0
    const rank = Math.max(1, Math.ceil((percentile / 100) * this.#n - ROUNDING))
    let below = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#times[bucket]!
      if (below >= rank) return Math.min(this.#max, upperEndOf(bucket))
    }
    return this.#max
  }
}

/** From 2 ** -13 ms, 0.12 µs, up to 2 ** 23 ms, 2.3 hours. */
const [LEAST_EXPONENT, EXPONENTS] = [-13, 36]
const BUCKETS = EXPONENTS * 128
/** Of a double's high word: below the sign stand 11 bits of exponent, 1023 meaning 0, and 20 of the fraction. */
const [SHIFT, FIRST] = [20 - 7, (1_023 + LEAST_EXPONENT) * 128]

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
const HIGH = endianness() === 'LE' ? 1 : 0

function bucketOf(ms: number): number {
  if (ms <= 0) return 0
  double[0] = ms
  const bucket = (words[HIGH]! >>> SHIFT) - FIRST
  return bucket < 0 ? 0 : bucket < BUCKETS ? bucket : BUCKETS - 1
}

function upperEndOf(bucket: number): number {
  words[1 - HIGH] = 0
  words[HIGH] = (FIRST + bucket + 1) << SHIFT
  return double[0]!
}

/** Five on every halving of what is left to 100, down to the one that only the longest is beyond: as a plot needs them. */
function percentilesUpTo(n: number): number[] {
  const percentiles: number[] = []
  for (let left = 100; left * n >= 100; left /= 2) {
    for (let fifth = 0; fifth < 5; fifth++) percentiles.push(100 - left * (1 - fifth / 10))
  }
  return [...percentiles, 100]
}

/** 0.999 of 1000 is 999, whatever the product of the two doubles says. */
const ROUNDING = 1e-9
