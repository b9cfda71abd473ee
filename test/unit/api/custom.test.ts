import { expect, test } from 'vitest'
import { customSink, customSource, job, of, type SinkWriter, type SplitPosition } from '#src/api/index.js'
import { loadConnectors } from '#src/connector/built-in.js'
import { planOf } from '#src/graph/plan-of.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'

const writer: SinkWriter = {
  open: async () => {},
  write() {},
  isReady: () => true,
  capture: () => ({ slice: () => true, upload: async () => ({}) }),
  onCheckpointComplete() {},
  drain: async () => {},
  close: async () => {},
}
const splits: readonly SplitPosition[] = [{ split: 'a', owner: 0, position: 0 }]

test('when source and sink are the user’s own, then splits are in the plan, and the node finds their functions', async () => {
  const reader = () => ({
    addSplits() {},
    poll: () => 'end' as const,
    positions: () => splits,
    close: async () => {},
  })
  const built = job('own', (flow) =>
    flow
      .from('in', customSource({ splits, reader, emits: of<{ id: string }>() }))
      .to('out', customSink({ writer: () => writer, takes: of<{ id: string }>(), keyFields: ['id'] })),
  )
  const graph = built.build()
  const plan = planOf(graph)
  expect(plan.vertices.flatMap(({ operators }) => operators.map(({ connector }) => connector))).toEqual([
    { name: 'custom', options: { splits } },
    { name: 'custom', options: {}, guarantee: 'at-least-once' },
  ])
  expect(plan.edges).toEqual([{ from: 0, to: 1, partitioner: 'hash' }])

  const connectors = await loadConnectors(['custom'])
  const [source, sink] = graph.vertices.map(({ nodes }) => nodes[0]?.operator)
  const ctx = { clock: systemClock, logger: silentLogger, parallelism: 1 }
  expect(await connectors.source('custom').enumerator({ splits }, ctx).resolve()).toEqual(splits)
  expect(source?.kind === 'source' && connectors.source('custom').reader(source.source, {} as never)).toEqual(
    expect.objectContaining({ positions: expect.any(Function) }),
  )
  expect(sink?.kind === 'sink' && connectors.sink('custom').writer(sink.sink, {} as never)).toBe(writer)
})

test('when what a user’s function makes lacks a method, then the error says which', async () => {
  const connectors = await loadConnectors(['custom'])
  const { open, drain, ...unfinished } = writer
  const sink = customSink({ writer: () => unfinished as never, takes: of<unknown>() })
  expect(() => connectors.sink('custom').writer(sink, {} as never)).toThrow(
    expect.objectContaining({ code: 'RT1012', what: 'the writer has no open, drain' }),
  )
  const source = customSource({ splits, reader: () => undefined as never, emits: of<unknown>() })
  expect(() => connectors.source('custom').reader(source, {} as never)).toThrow(
    expect.objectContaining({ code: 'RT1012', what: 'the reader has no addSplits, poll, positions, close' }),
  )
})

test('when a connector is not known on the node, then the error says which are', async () => {
  const connectors = await loadConnectors(['discard'])
  expect(() => connectors.sink('kinesis')).toThrow(
    expect.objectContaining({ code: 'RT1013', why: expect.stringContaining('discard') }),
  )
})
