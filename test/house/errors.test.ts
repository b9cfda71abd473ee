import { join } from 'node:path'
import { expect, test } from 'vitest'
import { explanationsIn } from '#src/cli/explanations.js'
import { CATALOGUE } from '#src/kit/errors.js'
import { PROJECT } from '../support/project.js'
import { errorsPage, explanationsOf, thrownIn } from './error-catalogue.js'
import { moduleOf, readHouse } from './source-module.js'

test('when a code stands in the catalogue, then the code throws it, and docs/errors.md explains it', async () => {
  const house = readHouse().filter(({ path }) => !path.startsWith('src/cli/demo'))
  const explanations = explanationsOf(
    CATALOGUE,
    house.flatMap((module) => thrownIn(module, house)),
  )
  const page = errorsPage(explanations)
  await expect(page).toMatchFileSnapshot(join(PROJECT, 'docs', 'errors.md'))
  expect(explanationsIn(page)).toEqual(explanations)
  expect(explanations.filter(({ causes }) => causes.length === 0)).toEqual([])
})

test('when an error is thrown, then its page tells cause and remedy as the code does', () => {
  const placeholder = ['$', '{limit}'].join('')
  const text = `throw new RetakeError('RT1504', { what: \`limit ${placeholder}\`, why: 'small ' + 'pipes', fix: 'raise it <now>' })`
  const thrown = thrownIn(moduleOf('src/a.ts', text))
  const page = errorsPage(explanationsOf({ RT1504: { title: 'too small', restart: 'useless' } }, thrown))
  expect(page).toContain('### RT1504 too small')
  expect(page).toContain('- **limit …**: small pipes. *Remedy:* raise it \\<now>.')
  expect(explanationsIn(page)).toEqual([
    {
      code: 'RT1504',
      title: 'too small',
      area: 'Cluster and transport',
      consequence: 'Starting again cannot cure it: the job fails at once.',
      causes: [{ what: 'limit …', why: 'small pipes', fix: 'raise it <now>' }],
    },
  ])
})

test('when a function makes an error of what it is given, then each of its calls is a cause', () => {
  const module = moduleOf(
    'src/a.ts',
    `export function wrong(why, fix) { return new RetakeError('RT1504', { what: 'wrong', why, fix }) }
     throw wrong('small', 'raise it')`,
  )
  const other = moduleOf('src/b.ts', `import { wrong } from './a.js'; throw wrong('large', size)`)
  const stranger = moduleOf('src/c.ts', `throw wrong('never', 'mind')`)
  expect(thrownIn(module, [other, stranger])).toEqual([
    { code: 'RT1504', what: 'wrong', why: 'small', fix: 'raise it' },
    { code: 'RT1504', what: 'wrong', why: 'large', fix: '…' },
  ])
})
