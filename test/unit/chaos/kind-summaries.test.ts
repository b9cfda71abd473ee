import { expect, test } from 'vitest'
import { kindSummaries } from '../../chaos/kind-summaries.js'
import { faultOf } from './found.js'

test('when faults of several kinds struck, then each kind has one line, in the order of their first', () => {
  const [killed, restarted, ...more] = kindSummaries([
    faultOf(1, { recoverMs: 1_000 }),
    faultOf(2, { kind: 'Kafka is restarted', family: 'restarted', detectMs: undefined, attempts: 0 }),
    faultOf(3, { recoverMs: 3_000, attempts: 2 }),
  ])

  expect(more).toEqual([])
  expect(killed).toMatchObject({ kind: 'a task manager is killed', family: 'killed', count: 2, attempts: 3 })
  expect(killed?.recoverMs).toEqual({ count: 2, median: 1_000, p95: 3_000, worst: 3_000 })
  expect(restarted).toMatchObject({ kind: 'Kafka is restarted', count: 1, attempts: 0, detectMs: undefined })
})

test('when one was not got over, then times are told of the others only', () => {
  const [summary] = kindSummaries([faultOf(1), faultOf(2, { recoverMs: undefined, problem: 'in vain' })])

  expect(summary).toMatchObject({ count: 2, recoverMs: { count: 1, worst: 2_000 } })
})
