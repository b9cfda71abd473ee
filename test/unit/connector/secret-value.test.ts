import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveSecret, resolveSecrets } from '#src/connector/secret-value.js'
import { temporaryFolder } from '../../support/server-process.js'

const secret = (name: string) => ({ '~secret': name })

test('when a secret is set on this node, then its value takes its place, however deep', () => {
  const environment = { RETAKE_SECRET_DATABASE_URL: 'postgres://' }
  expect(resolveSecret(secret('database.url'), environment)).toBe('postgres://')
  expect(resolveSecret('plain', environment)).toBe('plain')
  expect(resolveSecrets({ a: [{ b: secret('database-url') }], n: 1 }, environment)).toEqual({
    a: [{ b: 'postgres://' }],
    n: 1,
  })
})

test.each([[undefined], ['']])('when it is %j, then the error names the variable', (value) => {
  const environment = { RETAKE_SECRET_PASSWORD: value }
  expect(() => resolveSecret(secret('password'), environment)).toThrow(
    expect.objectContaining({ code: 'RT1710', why: expect.stringContaining('RETAKE_SECRET_PASSWORD') }),
  )
})

test('when it is in a file, then that is read, without the end of its last line; the variable itself counts before', () => {
  const folder = temporaryFolder('secret')
  try {
    const file = join(folder, 'password')
    writeFileSync(file, 'cut\nprint\n')
    const environment = { RETAKE_SECRET_PASSWORD_FILE: file }
    expect(resolveSecret(secret('password'), environment)).toBe('cut\nprint')
    const both = { ...environment, RETAKE_SECRET_PASSWORD: 'take two' }
    expect(resolveSecret(secret('password'), both)).toBe('take two')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('when the file cannot be read, then the error names the variable, and does not show what it holds', () => {
  const environment = { RETAKE_SECRET_PASSWORD_FILE: '/nowhere/hush' }
  const resolve = () => resolveSecret(secret('password'), environment)
  expect(resolve).toThrow(/RT1710.*RETAKE_SECRET_PASSWORD_FILE names cannot be read \(ENOENT\)/s)
  expect(resolve).not.toThrow(/hush/)
})
