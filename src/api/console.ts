import type { Sink } from './ends.js'

/** Prints each record on standard output, as JSON on a line: at once, so again after a failure. */
export function consoleSink(): Sink<unknown> {
  return {
    connector: 'console',
    options: {},
    functions: {},
    guarantee: 'at-least-once',
    keyFields: undefined,
  }
}

/** Flink's name for it. */
export const print = consoleSink
