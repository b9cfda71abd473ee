import { expect, test } from 'vitest'
import { errorLines } from '#src/cli/error-text.js'
import { PLAIN } from '#src/cli/palette.js'
import { errorInfoOf, RetakeError } from '#src/kit/errors.js'

test('when an error has causes, then each is shown, down to the line that threw', () => {
  const thrown = new TypeError('undefined is not a user')
  thrown.stack =
    'TypeError: …\n    at half (node:internal/x:1:1)\n    at pick (/shop/jobs/clicks.ts:31:7)\n    at process (/shop/node_modules/retake/map.js:16:3)'
  const middle = new RetakeError('RT1601', {
    what: 'user code threw in "map-1"',
    why: 'undefined is not a user',
    fix: 'mend it',
    where: 'jobs/clicks.ts:14',
    cause: thrown,
  })
  const outer = new RetakeError('RT1303', {
    what: 'too many failed',
    why: '1 of 1',
    fix: 'see why',
    cause: middle,
  })

  expect(errorLines(errorInfoOf(outer), PLAIN).join('\n')).toBe(
    [
      'RT1303 too many failed',
      '  why     1 of 1',
      '  fix     see why',
      '  cause   RT1601 user code threw in "map-1"',
      '  where   jobs/clicks.ts:14',
      '  why     undefined is not a user',
      '  fix     mend it',
      '  cause   TypeError: undefined is not a user',
      '          at pick (/shop/jobs/clicks.ts:31:7)',
    ].join('\n'),
  )
})

test('when a reason is long, then its lines stay below its beginning', () => {
  const why = 'word '.repeat(60).trim()
  const lines = errorLines(
    { name: 'RetakeError', message: '', code: 'RT1002', what: 'no', why, fix: 'f' },
    PLAIN,
  )
  expect(lines.slice(2, -1).every((line) => line.startsWith('          word'))).toBe(true)
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100)
})
