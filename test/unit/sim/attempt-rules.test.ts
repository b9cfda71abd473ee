import { expect, test } from 'vitest'
import type { Attempt } from '#src/kit/ids.js'
import { AttemptRules } from '../../sim/attempt-rules.js'
import { entriesOf, on } from '../cluster/fixtures.js'

const STARTED = [on.submitted(), on.leads(1), on.completed(1, 0, 0), on.started(1, 1, 0), on.reserved(1, 8)]

test('when another leader decides a checkpoint of an attempt, then it is adopted, once', () => {
  const rules = new AttemptRules('leaders')
  const entries = entriesOf(
    ...STARTED,
    on.completed(1, 1, 1),
    on.leads(2),
    on.reserved(2, 16),
    on.completed(2, 1, 9),
    on.completed(2, 1, 10),
  )
  expect(entries.map((entry) => rules.follow(entry)).filter((one) => one !== undefined)).toEqual(['adopted'])
})

test.each([
  ['a checkpoint of it was decided', [on.completed(1, 1, 1), on.leads(2)], () => {}, 1],
  ['its subtasks were seen to run', [on.leads(2)], (rules: AttemptRules) => rules.onRuns(1 as Attempt), 0],
])(
  'when an attempt follows another that ran, for %s, then a leader alone is no reason',
  (_, before, see, from) => {
    const rules = new AttemptRules('leaders')
    const entries = entriesOf(...STARTED, ...before, on.started(2, 2, from))
    for (const entry of entries.slice(0, -1)) rules.follow(entry)
    see(rules)
    expect(() => rules.follow(entries.at(-1)!)).toThrow('no reason for attempt 2')
  },
)

test('when an attempt follows another that was never seen to run, then nobody is blamed; nor where all may go wrong', () => {
  const undeployed = entriesOf(...STARTED, on.leads(2), on.started(2, 2, 0))
  const ran = entriesOf(...STARTED, on.completed(1, 1, 1), on.leads(2), on.started(2, 2, 1))
  for (const [theme, entries] of [
    ['leaders', undeployed],
    ['anything', ran],
  ] as const) {
    const rules = new AttemptRules(theme)
    for (const entry of entries) expect(rules.follow(entry)).toBeUndefined()
  }
})
