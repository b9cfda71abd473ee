import { expect, test } from 'vitest'
import { errorInfoOf, errorOf, placed, RetakeError } from '#src/kit/errors.js'

const thrown = () =>
  new RetakeError('RT1011', {
    what: 'no function',
    why: 'it takes one',
    fix: 'give one',
    cause: new Error('x'),
  })

test('when an error is given its place, or crosses a thread, then its stack is where it was thrown', () => {
  const error = thrown()
  const there = placed(error, 'jobs/clicks.ts:7') as RetakeError
  expect([there.where, there.stack, there.message]).toEqual(['jobs/clicks.ts:7', error.stack, error.message])
  const crossed = errorOf(structuredClone(errorInfoOf(there))) as RetakeError
  expect([crossed.where, crossed.stack]).toEqual([there.where, error.stack])
  expect((crossed.cause as Error).stack).toBe((error.cause as Error).stack)
})

test('when an error has a place, then it keeps it', () => {
  const error = placed(thrown(), 'jobs/clicks.ts:7')
  expect(placed(error, 'elsewhere.ts:1')).toBe(error)
})
