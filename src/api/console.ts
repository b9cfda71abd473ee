import type { Sink } from './ends.js'

/** A line of JSON for each record on standard output: as records come, so that after a restart some come again. */
export function print(): Sink<unknown> {
  return {
    connector: 'console',
    options: {},
    functions: {},
    guarantee: 'at-least-once',
    keyFields: undefined,
  }
}
