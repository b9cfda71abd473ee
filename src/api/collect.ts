import type { Sink, Text } from './ends.js'
import { requiredText } from './required.js'

/**
 * For tests: appends a line of JSON for each record to the file at `path`, which is made with its directories if it is
 * not there. `readCollected(path)` reads them back. As records come, so that after a restart some come again.
 */
export function collect(path: Text): Sink<unknown> {
  return {
    connector: 'collect',
    options: { path: requiredText('collect', 'path', path) },
    functions: {},
    guarantee: 'at-least-once',
    keyFields: undefined,
  }
}
