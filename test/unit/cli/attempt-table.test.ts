import { expect, test } from 'vitest'
import { attemptTable } from '#src/cli/attempt-table.js'
import { PLAIN } from '#src/cli/palette.js'
import { attemptOf, endOf } from '../cluster/history-fixtures.js'

const DAY = 24 * 60 * 60_000
const NOW = 100 * DAY

test('when attempts are shown, then each with what ended it, in one line of at most 100 columns', () => {
  const attempts = [
    attemptOf(100_000, NOW - 1_000),
    attemptOf(
      99_999,
      NOW - 30 * DAY,
      endOf('failed', NOW - 12.9 * DAY, `user code threw\n  ${'x'.repeat(99)}`),
    ),
    attemptOf(3, NOW - 60_000, endOf('moved', NOW - 30_000, 'moving off tm-1, which drains')),
    attemptOf(2, undefined, endOf('given-up', NOW - 60_000, 'not all of its slots are left')),
    attemptOf(1, NOW - 60_000, endOf('canceled', NOW)),
  ]
  const lines = attemptTable(attempts, NOW, PLAIN).split('\n')
  expect(lines).toEqual([
    'ATTEMPT     FROM     STARTED        ENDED  BECAUSE',
    ' 100000  1000000      1s ago            -',
    `  99999   999990  30d 0h ago  12d 21h ago  failed: user code threw ${'x'.repeat(31)}…`,
    '      3       30      1m ago      30s ago  moved: moving off tm-1, which drains',
    '      2       20           -       1m ago  given up: not all of its slots are left',
    '      1       10      1m ago       0s ago  canceled',
    '',
  ])
  expect(lines.filter((line) => line.length > 100)).toEqual([])
})
