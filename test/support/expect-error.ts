import { expect } from 'vitest'
import type { ErrorCode, ErrorInfo } from '#src/kit/errors.js'

/** What a user must be told. */
export interface ExpectedText {
  readonly what: string | RegExp
  readonly why: string | RegExp
  readonly fix: string | RegExp
  readonly where: string | RegExp
}

/** Code and text, whole. */
export function expectError(error: ErrorInfo | undefined, code: ErrorCode, text: ExpectedText): void {
  if (error === undefined) throw new Error(`there is no error; ${code} was expected`)
  expect(error).toMatchObject({ code })
  for (const field of ['what', 'why', 'fix', 'where'] as const) {
    const expected = text[field]
    expect(error[field], field).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    )
  }
}

/** Codes from the outermost error of the chain to the first. */
export function codesOf(error: ErrorInfo | undefined): string[] {
  if (error === undefined) return []
  return [...(error.code === undefined ? [] : [error.code]), ...codesOf(error.cause)]
}
