import type { Sink } from './ends.js'

/** Throws records away, on purpose. */
export function discard(): Sink<unknown> {
  return {
    connector: 'discard',
    options: {},
    functions: {},
    guarantee: 'at-least-once',
    keyFields: undefined,
  }
}
