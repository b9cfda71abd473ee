import type { Sink } from './ends.js'
import { requiredText } from './required.js'

/**
 * Collects records in memory under `name`, where a test, in the same process, finds them.
 *
 * 'exactly-once' (unless said): what is found is of complete checkpoints.
 */
export function collect<T = unknown>(
  name: string,
  options: { readonly guarantee?: 'exactly-once' | 'at-least-once' } = {},
): Sink<T> {
  const { guarantee = 'exactly-once' } = options
  return {
    connector: 'collect',
    options: { name: requiredText('collect', 'name', name), guarantee },
    functions: {},
    guarantee,
    keyFields: undefined,
  }
}
