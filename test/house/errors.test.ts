import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CATALOGUE } from '#src/kit/errors.js'
import { PROJECT } from '../support/project.js'
import { codesIn, errorsPage, thrownIn } from './error-catalogue.js'
import { moduleOf, readHouse } from './source-module.js'

const OWNER = 'src/kit/errors.ts'

test('when a code stands in the catalogue, then the code throws it, and docs/errors.md explains it', async () => {
  const house = readHouse().filter(({ path }) => path !== OWNER)
  await expect(errorsPage(CATALOGUE, house.flatMap(thrownIn))).toMatchFileSnapshot(
    join(PROJECT, 'docs', 'errors.md'),
  )

  const named = new Set(house.flatMap(({ syntax }) => codesIn(syntax)))
  expect(Object.keys(CATALOGUE).filter((code) => !named.has(code))).toEqual([])
})

test('when an error is thrown, then its page tells cause and remedy as the code does', () => {
  const placeholder = ['$', '{limit}'].join('')
  const text = `throw new RetakeError('RT1504', { what: \`limit ${placeholder}\`, why: 'small ' + 'pipes', fix: 'raise it' })`
  const thrown = thrownIn(moduleOf('src/a.ts', text))
  const page = errorsPage({ RT1504: { title: 'too small', restart: 'useless' } }, thrown)
  expect(page).toContain('### RT1504 too small')
  expect(page).toContain('- limit …: small pipes. *Remedy:* raise it.')
})
