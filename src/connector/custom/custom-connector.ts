import { assert } from '../../kit/assert.js'
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
  reader: ({ functions }, ctx) => functionOf<(ctx: SourceContext) => SourceReader>(functions, 'reader')(ctx),
}

/** Sinks of users, which travel in the job's bundle, whole. */
export const customSink: SinkConnector = {
  writer: ({ functions }, ctx) => functionOf<(ctx: SinkContext) => SinkWriter>(functions, 'writer')(ctx),
}

function functionOf<F>(functions: Readonly<Record<string, unknown>>, name: string): F {
  const found = functions[name]
  assert(typeof found === 'function', 'a custom connector has its function', { name })
  return found as F
}
