import { describe, expect, test } from 'vitest'
import { type RestartStrategyOptions, restartStrategyOf } from '#src/actor/restart-strategy.js'
import type { Random } from '#src/kit/random.js'

const middle: Random = { next: () => 0.5 } // no jitter
const no = { restart: false }
const restartIn = (delayMs: number) => ({ restart: true, delayMs })

function strategy(options: RestartStrategyOptions, random: Random = middle) {
  return restartStrategyOf(options, random)
}

test('when the strategy is none, then the first failure is the last', () => {
  expect(strategy({ type: 'none' }).onFailure(0)).toEqual(no)
})

describe('fixed-delay', () => {
  test('when nothing is said, then it restarts once, after a second', () => {
    const fixed = strategy({ type: 'fixed-delay' })
    expect(fixed.onFailure(0)).toEqual(restartIn(1_000))
    expect(fixed.onFailure(1_000_000)).toEqual(no)
  })

  test('when three attempts are given, then the fourth failure is the last, however late', () => {
    const fixed = strategy({ type: 'fixed-delay', attempts: 3, delay: '2s' })
    const day = 86_400_000
    const decisions = [0, day, 2 * day, 3 * day].map((at) => fixed.onFailure(at))
    expect(decisions).toEqual([restartIn(2_000), restartIn(2_000), restartIn(2_000), no])
  })

  test('when no attempts are given, then it never restarts', () => {
    expect(strategy({ type: 'fixed-delay', attempts: 0 }).onFailure(0)).toEqual(no)
  })
})

describe('failure-rate', () => {
  test('when nothing is said, then one failure in a minute is too many', () => {
    expect(strategy({ type: 'failure-rate' }).onFailure(0)).toEqual(no)
  })

  test('when three a minute are too many, then the third within the minute is the last', () => {
    const rate = strategy({
      type: 'failure-rate',
      maxFailuresPerInterval: 3,
      failureRateInterval: '1m',
      delay: '4s',
    })
    expect(rate.onFailure(0)).toEqual(restartIn(4_000))
    expect(rate.onFailure(10_000)).toEqual(restartIn(4_000))
    expect(rate.onFailure(60_000)).toEqual(no)
  })

  test('when the oldest of three is older than the interval, then it restarts', () => {
    const rate = strategy({ type: 'failure-rate', maxFailuresPerInterval: 3, failureRateInterval: '1m' })
    rate.onFailure(0)
    rate.onFailure(10_000)
    expect(rate.onFailure(60_001)).toEqual(restartIn(1_000))
    expect(rate.onFailure(69_000)).toEqual(no) // 10 000, 60 001 and 69 000
  })
})

describe('exponential-delay', () => {
  test('when failures follow each other, then delays grow by half, up to a minute', () => {
    const exponential = strategy({ type: 'exponential-delay' })
    let now = 0
    const delays = Array.from({ length: 14 }, () => {
      const decision = exponential.onFailure(now)
      if (!decision.restart) return undefined
      now += decision.delayMs + 1
      return decision.delayMs
    })
    const grown = [1, 1.5, 2.25, 3.375, 5.0625, 7.59375].map((seconds) => seconds * 1_000)
    expect(delays.slice(0, 6)).toEqual(grown)
    expect(delays.slice(-2)).toEqual([60_000, 60_000])
  })

  test('when a failure comes before the restart that is on its way, then it waits for that one and counts nothing', () => {
    const exponential = strategy({ type: 'exponential-delay', attemptsBeforeResetBackoff: 2 })
    expect(exponential.onFailure(0)).toEqual(restartIn(1_000))
    expect(exponential.onFailure(400)).toEqual(restartIn(600))
    expect(exponential.onFailure(1_000)).toEqual(restartIn(0))
    expect(exponential.onFailure(1_001)).toEqual(restartIn(1_500))
    expect(exponential.onFailure(5_000)).toEqual(no)
  })

  test('when nothing failed for the threshold after a restart, then delays and attempts begin anew', () => {
    const options = {
      type: 'exponential-delay',
      resetBackoffThreshold: '1h',
      attemptsBeforeResetBackoff: 1,
    } as const
    const exponential = strategy(options)
    const hour = 3_600_000
    expect(exponential.onFailure(0)).toEqual(restartIn(1_000)) // restarts at 1 000
    expect(exponential.onFailure(1_000 + hour)).toEqual(restartIn(1_000))
    expect(exponential.onFailure(2_000 + hour + hour - 1)).toEqual(no)
  })

  test('when jitter is drawn, then the delay stays within its share, never under the first nor over the last', () => {
    const draw = (value: number) => {
      const exponential = strategy({ type: 'exponential-delay', jitterFactor: 0.2 }, { next: () => value })
      const delays: number[] = []
      let now = 0
      for (let i = 0; i < 15; i++) {
        const decision = exponential.onFailure(now)
        const delayMs = decision.restart ? decision.delayMs : Number.NaN
        delays.push(delayMs)
        now += delayMs + 1
      }
      return delays
    }
    expect(draw(0).slice(0, 3)).toEqual([1_000, 1_200, 1_800])
    expect(draw(0.999_999)[1]).toBeCloseTo(1_800, 0)
    expect(Math.max(...draw(0.999_999))).toBe(60_000)
  })

  test('when it has failed a thousand times, then the delay is still the longest', () => {
    const exponential = strategy({ type: 'exponential-delay' })
    let last = 0
    for (let i = 0; i < 2_000; i++) {
      const decision = exponential.onFailure(i * 60_001)
      last = decision.restart ? decision.delayMs : Number.NaN
    }
    expect(last).toBe(60_000)
  })
})

test.each<[string, RestartStrategyOptions]>([
  ['attempts', { type: 'fixed-delay', attempts: -1 }],
  ['maxBackoff', { type: 'exponential-delay', initialBackoff: '2s', maxBackoff: '1s' }],
  ['backoffMultiplier', { type: 'exponential-delay', backoffMultiplier: 0.5 }],
  ['jitterFactor', { type: 'exponential-delay', jitterFactor: 1.1 }],
  ['maxFailuresPerInterval', { type: 'failure-rate', maxFailuresPerInterval: 0 }],
])('when %s makes no sense, then the error names it', (option, options) => {
  expect(() => strategy(options)).toThrow(new RegExp(`RT1702.*${option}`))
})
