import { expect, test } from 'vitest'
import { Histogram } from '../../../bench/suite/histogram.js'

test('when latencies from 1 to 1000 ms are recorded, then each percentile is off by less than a hundredth', () => {
  const { n, p50, p99, p999, max } = histogramOf(range(1, 1_000)).percentiles()

  expect(n).toBe(1_000)
  for (const [found, exact] of [
    [p50, 500],
    [p99, 990],
    [p999, 999],
  ] as const) {
    expect(found).toBeGreaterThanOrEqual(exact)
    expect(found).toBeLessThan(exact * 1.008)
  }
  expect(max).toBe(1_000)
})

test('when latencies span eight powers of ten, then each is known to within 1/128 of itself', () => {
  for (let ms = 0.000_2; ms < 5e6; ms *= 1.01) {
    const { p50 } = histogramOf([ms, ms * 3]).percentiles()
    expect(p50 / ms).toBeGreaterThanOrEqual(1)
    expect(p50 / ms).toBeLessThanOrEqual(1 + 1 / 128)
  }
})

test('when one in a thousand is slow, then p99 does not know it and p999 does not either, but the maximum', () => {
  const { p99, p999, max } = histogramOf([...Array(999).fill(1), 250]).percentiles()

  expect([p99, p999]).toEqual([1.0078125, 1.0078125])
  expect(max).toBe(250)
})

test('when a latency is recorded several times, then it counts so often', () => {
  const histogram = new Histogram()
  histogram.record(1, 98)
  histogram.record(7, 2)

  expect(histogram.percentiles()).toMatchObject({ n: 100, p50: 1.0078125, p99: 7 })
})

test('when nothing was recorded, then there are zeros', () => {
  expect(new Histogram().percentiles()).toEqual({ n: 0, p50: 0, p99: 0, p999: 0, max: 0, curve: [[100, 0]] })
})

test('when a latency is out of range, then it counts at that end, and the maximum is its own', () => {
  const { n, p50, max } = histogramOf([-3, 0, 1e9]).percentiles()

  expect(n).toBe(3)
  expect(p50).toBeLessThan(0.000_2)
  expect(max).toBe(1e9)
})

test('when a latency is no number, then that is an error', () => {
  expect(() => histogramOf([Number.NaN])).toThrow('a latency is a number')
  expect(() => histogramOf([Number.POSITIVE_INFINITY])).toThrow('a latency is a number')
})

test('when histograms are added, as they are or as data that went through JSON, then it is as if one had heard all', () => {
  const [low, high] = [histogramOf(range(1, 500)), histogramOf(range(501, 1_000))]
  const sum = new Histogram()
  sum.add(low)
  sum.add(JSON.parse(JSON.stringify(high.toData())))

  expect(sum.percentiles()).toEqual(histogramOf(range(1, 1_000)).percentiles())
})

test('when the curve is read, then it rises from 0 to 100, and is finest near its end', () => {
  const { curve = [], max } = histogramOf(range(1, 100_000)).percentiles()

  expect(curve[0]?.[0]).toBe(0)
  expect(curve.at(-1)).toEqual([100, max])
  for (const [i, [percentile, ms]] of curve.entries()) {
    const [before, msBefore] = curve[i - 1] ?? [-1, 0]
    expect(percentile).toBeGreaterThan(before)
    expect(ms).toBeGreaterThanOrEqual(msBefore)
  }
  expect(curve.filter(([percentile]) => percentile > 99.9).length).toBeGreaterThan(20)
})

function histogramOf(latencies: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const ms of latencies) histogram.record(ms)
  return histogram
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
