import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorLines } from '#src/cli/error-text.js'
import { PLAIN } from '#src/cli/palette.js'
import { errorInfoOf, RetakeError } from '#src/kit/errors.js'
import { PROJECT } from '../../support/project.js'

test('when an error has causes, then each is shown, down to the user’s lines that threw', () => {
  const thrown = new TypeError('undefined is not a user')
  thrown.stack = [
    'TypeError: …',
    '    at half (node:internal/x:1:1)',
    '    at pick (/shop/jobs/clicks.ts:31:7)',
    '    at expand (/shop/node_modules/lists/index.js:2:2)',
    '    at /shop/jobs/clicks.ts:14:3',
    `    at process (${join(PROJECT, 'src/operator/map.ts')}:16:3)`,
    '    at run (retake:src/api/process.ts:46:21)',
  ].join('\n')
  const middle = new RetakeError('RT1601', {
    what: 'user code threw in "map-1"',
    why: 'undefined is not a user',
    fix: 'mend it',
    where: '/shop/jobs/clicks.ts:14',
    cause: thrown,
  })
  const outer = new RetakeError('RT1303', {
    what: 'too many failed',
    why: '1 of 1',
    fix: 'see why',
    cause: middle,
  })

  expect(errorLines(errorInfoOf(outer), PLAIN, '/shop').join('\n')).toBe(
    [
      'RT1303 too many failed',
      '  why     1 of 1',
      '  fix     see why',
      '  cause   RT1601 user code threw in "map-1"',
      '  where   jobs/clicks.ts:14',
      '  why     undefined is not a user',
      '  fix     mend it',
      '  cause   TypeError: undefined is not a user',
      '          at pick (jobs/clicks.ts:31:7)',
      '          at jobs/clicks.ts:14:3',
      '          … 4 frames more',
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

test('when an error comes from no line of the user’s, then ours are shown', () => {
  const stack = `TypeError: …\n    at run (${join(PROJECT, 'src/channel/inbox.ts')}:16:3)\n    at go (node:x:1:1)`
  expect(errorLines({ name: 'TypeError', message: 'no', stack }, PLAIN, PROJECT)).toEqual([
    'TypeError: no',
    '          at run (src/channel/inbox.ts:16:3)',
    '          … 1 frame more',
  ])
})

test('when somebody is at the root of the disk, then addresses keep their slashes', () => {
  const [head] = errorLines({ name: 'Error', message: 'postgres://db/x' }, PLAIN, '/')
  expect(head).toBe('Error: postgres://db/x')
  expect(errorLines({ name: 'Error', message: '/db/x http://db/x' }, PLAIN, '/db')).toEqual([
    'Error: x http://db/x',
  ])
})
