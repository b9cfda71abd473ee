import { expect, test } from 'vitest'
import { spreadOf } from '../../chaos/spread.js'

test('when there is nothing, then there is no spread', () => {
  expect(spreadOf([])).toBeUndefined()
})

test('when there is one time, then it is all that is told', () => {
  expect(spreadOf([7])).toEqual({ count: 1, median: 7, p95: 7, worst: 7 })
})

test('when there are a hundred, in any order, then half are not above the median and five above the 95th', () => {
  const values = Array.from({ length: 100 }, (_, i) => ((i * 37) % 100) + 1)
  expect(spreadOf(values)).toEqual({ count: 100, median: 50, p95: 95, worst: 100 })
})

test('when their number is even, then the median is one that was measured', () => {
  expect(spreadOf([1, 10, 2, 20])?.median).toBe(2)
})

test('when it is told, then the times are left as they were', () => {
  const values = [3, 1, 2]
  spreadOf(values)
  expect(values).toEqual([3, 1, 2])
})
