import { expect, test } from 'vitest'
import { FailoverRegion } from '#actors/failover-region.js'
import type { RestartPlan } from '#src/graph/job-plan.js'
import { type ErrorInfo, errorInfoOf, RetakeError } from '#src/kit/errors.js'
import { seededRandom } from '#src/kit/random.js'

const TWICE: RestartPlan = { type: 'fixed-delay', attempts: 2, delay: 1_000 }
const CURABLE = errorInfoOf(new Error('a link broke'))
/** A table is missing. */
const INCURABLE: ErrorInfo = errorInfoOf(
  new RetakeError('RT1441', { what: 'no such table', why: 'nobody made it', fix: 'make it' }),
)

test('when an attempt fails, then the next one waits for the delay of the strategy', () => {
  const region = regionOf(TWICE)

  expect(region.onFailed(CURABLE, 10_000)).toBe(11_000)
})

test('when the timer is early, then it is due at the time that was said, and then at once', () => {
  const region = regionOf(TWICE)
  region.onFailed(CURABLE, 10_000)

  expect(region.dueAt(10_999)).toBe(11_000)
  expect(region.dueAt(11_000)).toBe(11_000)
  expect(region.dueAt(12_345)).toBe(12_345) // once more: it was due
})

test('when the strategy has no delay, then the next attempt may start at once', () => {
  expect(regionOf({ type: 'fixed-delay', attempts: 1, delay: 0 }).onFailed(CURABLE, 7)).toBe(7)
})

test('when more attempts have failed than the strategy allows, then there is no next one', () => {
  const region = regionOf(TWICE)
  const restarts = [0, 5_000, 10_000].map((now) => {
    const at = region.onFailed(CURABLE, now)
    if (at === undefined) return undefined
    region.dueAt(at)
    region.onStarted(at)
    return at
  })

  expect(restarts).toEqual([1_000, 6_000, undefined])
})

test('when a restart cannot cure it, then there is no next attempt, whatever the strategy says', () => {
  expect(regionOf(TWICE).onFailed(INCURABLE, 0)).toBeUndefined()
})

test('when the strategy is none, then the first failure is the last', () => {
  expect(regionOf({ type: 'none' }).onFailed(CURABLE, 0)).toBeUndefined()
})

function regionOf(restart: RestartPlan): FailoverRegion {
  const region = new FailoverRegion(restart, seededRandom(1))
  region.begin(0)
  return region
}
