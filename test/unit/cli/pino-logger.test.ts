import { expect, test } from 'vitest'
import { pinoLogger } from '#src/cli/pino-logger.js'
import { errorInfoOf, RetakeError } from '#src/kit/errors.js'

const thrown = new TypeError('no name')
thrown.stack = 'TypeError: no name\n    at run (node:x:1:1)\n    at shout (/shop/jobs/row.ts:5:20)'
const error = errorInfoOf(
  new RetakeError('RT1601', {
    what: 'it threw',
    why: 'no name',
    fix: 'mend it',
    where: '/shop/jobs/a.ts:9',
    cause: thrown,
  }),
)

function logged(format: 'text' | 'json', fields: object): string {
  const lines: string[] = []
  pinoLogger({ level: 'info', format, write: (line) => lines.push(line) }).info(
    { ...fields },
    'the job fails',
  )
  return lines.join('')
}

test('when an error is logged for people, then with the user’s line that threw, whatever it stands in', () => {
  const told = 'error="RT1601 it threw: no name (mend it), at /shop/jobs/row.ts:5"'
  expect(logged('text', { error })).toContain(`the job fails ${told}`)
  const { cause, ...alone } = error
  expect(logged('text', { error: alone })).toContain('(mend it), at /shop/jobs/a.ts:9"')
  expect(logged('text', { reason: { kind: 'failed', error } })).toContain('reason="RT1601 it threw')
})

test('when an error is logged for machines, then whole, with the stack of its cause', () => {
  expect(JSON.parse(logged('json', { error }))).toMatchObject({ error: JSON.parse(JSON.stringify(error)) })
})
