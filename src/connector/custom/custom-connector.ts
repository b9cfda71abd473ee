import { assert } from '../../kit/assert.js'
import { RetakeError } from '../../kit/errors.js'
import type { SplitPosition } from '../../state/snapshot.js'
import type { SinkConnector, SourceConnector } from '../registry.js'
import type { SinkContext, SinkWriter } from '../sink.js'
import type { SourceContext, SourceReader } from '../source.js'

/** Sources of users: their splits are data in the plan, their readers travel in the job's bundle (`api/custom.ts`). */
export const customSource: SourceConnector = {
  enumerator: (options) => ({
    resolve: async () => options['splits'] as readonly SplitPosition[],
    discoverEveryMs: undefined,
    discover: async () => [],
    close: async () => {},
  }),
  reader: ({ functions }, ctx) => {
    const reader = functionOf<(ctx: SourceContext) => SourceReader>(functions, 'reader')(ctx)
    return whole('reader', reader, ['addSplits', 'poll', 'positions', 'close'])
  },
}

/** Sinks of users, which travel in the job's bundle, whole. */
export const customSink: SinkConnector = {
  writer: ({ functions }, ctx) => {
    const writer = functionOf<(ctx: SinkContext) => SinkWriter>(functions, 'writer')(ctx)
    const methods = ['open', 'write', 'isReady', 'capture', 'onCheckpointComplete', 'drain', 'close'] as const
    return whole('writer', writer, methods)
  },
}

/** What the user's function has made. Throws RT1012 where a method of its contract is missing. */
function whole<T extends object>(name: string, made: T, methods: readonly (keyof T & string)[]): T {
  const missing = methods.filter((method) => typeof made?.[method] !== 'function')
  if (missing.length === 0) return made
  throw new RetakeError('RT1012', {
    what: `the ${name} has no ${missing.join(', ')}`,
    why: `a ${name} has the methods ${methods.join(', ')}, which are called in turn`,
    fix: `return an object with all of them from ${name}(ctx)`,
  })
}

function functionOf<F>(functions: Readonly<Record<string, unknown>>, name: string): F {
  const found = functions[name]
  assert(typeof found === 'function', 'a custom connector has its function', { name })
  return found as F
}
