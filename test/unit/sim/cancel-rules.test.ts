import { expect, test } from 'vitest'
import type { LogEvent } from '#src/cluster/log-entry.js'
import { CancelRules } from '../../sim/cancel-rules.js'
import { entriesOf, on, STARTED } from '../cluster/fixtures.js'

/** A run is promised to end when its log has `before`; what follows is as a cluster that forgets would have it. */
function promised(before: readonly LogEvent[], ...after: readonly LogEvent[]): CancelRules {
  const rules = new CancelRules()
  const entries = entriesOf(...before, ...after)
  for (const [index, entry] of entries.entries()) {
    rules.follow(entry)
    if (index === before.length - 1) rules.onPromised(entry)
  }
  return rules
}

test.each<[string, readonly LogEvent[]]>([
  ['it ends canceled', [on.ended(1, 'canceled')]],
  ['another leads, and it ends canceled', [on.leads(2), on.ended(2, 'canceled')]],
  ['whoever promised it had it finished already', [on.completed(1, 1, 1), on.ended(1)]],
])('when it was promised that a run is canceled, and %s, then that is right', (_, after) => {
  expect(promised(STARTED, ...after).isPromised).toBe(true)
})

test.each<[string, readonly LogEvent[], string]>([
  ['another leads and has it finish', [on.leads(2), on.ended(2)], 'has finished: epoch 2 forgot it'],
  ['another leads and has it fail', [on.leads(2), on.ended(2, 'failed')], 'has failed: epoch 2 forgot it'],
  ['another leads and starts it again', [on.leads(2), on.started(2, 2, 0)], 'attempt 2 starts'],
  ['it starts again', [on.started(1, 2, 0)], 'attempt 2 starts'],
])('when it was promised that a run is canceled, and %s, then that is told', (_, after, told) => {
  expect(() => promised(STARTED, ...after)).toThrow(told)
})

test('when nobody was promised anything, then a run may do what it likes', () => {
  const rules = new CancelRules()
  for (const entry of entriesOf(...STARTED, on.leads(2), on.started(2, 2, 0), on.ended(2)))
    rules.follow(entry)
  expect(rules.isPromised).toBe(false)
})
