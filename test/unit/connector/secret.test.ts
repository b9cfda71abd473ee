import { expect, test } from 'vitest'
import { resolveSecret, resolveSecrets } from '#src/connector/secret.js'

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
