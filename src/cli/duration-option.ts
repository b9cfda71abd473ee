import { type Duration, durationMs } from '../kit/duration.js'
import { isRetakeError } from '../kit/errors.js'
import type { Invocation } from './invocation.js'
import { UsageError } from './usage-error.js'

/** Milliseconds of an option such as `--timeout 30s`, of at least `leastMs`. Throws a UsageError for what is none. */
export function durationOption(invocation: Invocation, option: string, leastMs = 1): number | undefined {
  const text = invocation.text(option)
  if (text === undefined) return undefined
  const ms = parsed(text)
  if (ms !== undefined && ms >= leastMs) return ms
  throw new UsageError(
    `${invocation.nameOf(option)} is ${JSON.stringify(text)}`,
    `give a number with its unit (500ms, 5s, 10m), at least ${leastMs} ms`,
  )
}

function parsed(text: string): number | undefined {
  try {
    return durationMs(text as Duration)
  } catch (error) {
    if (isRetakeError(error)) return undefined
    throw error
  }
}
