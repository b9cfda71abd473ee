import { expect, test } from 'vitest'
import {
  customSink,
  customSource,
  type Duration,
  discard,
  type Flow,
  file,
  type Job,
  type JobOptions,
  job,
  of,
  RetakeError,
  secret,
} from '#src/api/index.js'
import { postgres } from '#src/api/postgres.js'
import { type Click, clickCount, clicks, table } from '../graph/click-count.js'

type Build = (flow: Flow) => unknown

const SPLIT = { split: 'a', owner: 0, position: 0 }

const REFUSED: readonly [when: string, code: string, build: Build, options?: JobOptions<never>][] = [
  ['two operators have one id', 'RT1001', (flow) => flow.from('same', clicks).to('same', discard())],
  ['there is no sink', 'RT1002', (flow) => flow.from('clicks', clicks).map((click) => click)],
  ['there is no source', 'RT1003', () => undefined],
  ['an id is empty', 'RT1004', (flow) => flow.from('', clicks).to('out', discard())],
  ['an id is not text', 'RT1004', (flow) => flow.from(7 as never, clicks).to('out', discard())],
  ['an id has two lines', 'RT1004', (flow) => flow.from('a\nb', clicks).to('out', discard())],
  [
    'a stateful operator has no id',
    'RT1004',
    (flow) =>
      flow
        .from('clicks', clicks)
        .keyBy((click) => click.userId)
        .count(undefined as never)
        .to('out', discard()),
  ],
  [
    'an exactly-once sink has at-least-once checkpoints',
    'RT1005',
    (flow) => flow.from('clicks', clicks).to('out', file.sink({ path: 'out' })),
    { checkpoint: { mode: 'at-least-once' } },
  ],
  [
    'parallelism is 0',
    'RT1006',
    (flow) => flow.from('clicks', clicks, { parallelism: 0 }).to('out', discard()),
  ],
  [
    'parallelism is a fraction',
    'RT1006',
    (flow) => flow.from('clicks', clicks).to('out', discard()),
    { parallelism: 1.5 },
  ],
  [
    'parallelism is above max parallelism',
    'RT1006',
    (flow) => flow.from('clicks', clicks, { parallelism: 9 }).to('out', discard()),
    { maxParallelism: 8 },
  ],
  [
    'max parallelism is above its own bound',
    'RT1006',
    (flow) => flow.from('clicks', clicks).to('out', discard()),
    { maxParallelism: 32_769 },
  ],
  [
    'a union is of nothing',
    'RT1007',
    (flow) => (flow.from('clicks', clicks) as never as { union(): never }).union(),
  ],
  [
    'the records of an operator go nowhere',
    'RT1008',
    (flow) => {
      const stream = flow.from('clicks', clicks)
      stream.to('out', discard())
      stream.map((click) => click, { id: 'loose' })
    },
  ],
  [
    'a keyed sink has no key columns',
    'RT1010',
    (flow) =>
      flow
        .from('clicks', clicks)
        .map(({ userId }) => ({ userId, clicks: 1 }))
        .to('out', { ...table, keyFields: [] }),
  ],
  ['a function is missing', 'RT1011', (flow) => flow.from('clicks', clicks).map(undefined as never)],
  ['what senders hold is held for no time', 'RT1012', (flow) => combined(flow, 0)],
  ['how long senders hold is no duration', 'RT1701', (flow) => combined(flow, '20 ms' as never)],
  ['the name of a secret is empty', 'RT1004', () => secret('')],
  ['a parameter is missing', 'RT1705', (flow) => flow.params['topic']],
  ['the description is asynchronous', 'RT1704', async () => undefined],
  ['an interval is no time', 'RT1701', () => undefined, { checkpoint: { interval: '5 minutes' as never } }],
  ['an interval is 0', 'RT1704', () => undefined, { checkpoint: { interval: 0 } }],
  ['no checkpoint is retained', 'RT1704', () => undefined, { checkpoint: { retained: 0 } }],
  ['a mode is none', 'RT1704', () => undefined, { checkpoint: { mode: 'twice' as never } }],
  ['a time-out is 0', 'RT1704', () => undefined, { checkpoint: { timeout: 0 } }],
  ['no checkpoint may be under way', 'RT1704', () => undefined, { checkpoint: { maxConcurrent: 0 } }],
  ['less than no failure is tolerable', 'RT1704', () => undefined, { checkpoint: { tolerableFailures: -1 } }],
  ['a pause is no time', 'RT1701', () => undefined, { checkpoint: { minPause: -1 } }],
  ['a batch is held for less than no time', 'RT1701', () => undefined, { bufferTimeout: -1 }],
  ['chaining is a word', 'RT1704', () => undefined, { chaining: 'never' as never }],
  ['a restart strategy is a word', 'RT1702', () => undefined, { restart: 'none' as never }],
  ['a restart strategy is none', 'RT1702', () => undefined, { restart: { type: 'never' } as never }],
  [
    'the chaining of an operator is none',
    'RT1012',
    (flow) => flow.from('clicks', clicks, { chaining: 'sometimes' as never }).to('out', discard()),
  ],
  ['a source of the user has no reader', 'RT1012', () => customSource({ splits: [] } as never)],
  [
    'two splits of the user have one name',
    'RT1012',
    () => customSource({ splits: [SPLIT, SPLIT], reader: () => undefined as never, emits: of() }),
  ],
  ['a sink of the user has no writer', 'RT1012', () => customSink({} as never)],
  [
    'a sink of the user promises what there is not',
    'RT1012',
    () => customSink({ writer: () => undefined as never, takes: of(), guarantee: 'twice' as never }),
  ],
  ['a table promises what there is not', 'RT1012', () => postgresTable({ guarantee: 'twice' })],
  ['the key of a table is a word', 'RT1012', () => postgresTable({ key: 'id' })],
  ['the key of a table is no column', 'RT1010', () => postgresTable({ key: ['name'] })],
  [
    'a restart strategy makes no sense',
    'RT1702',
    () => undefined,
    { restart: { type: 'fixed-delay', attempts: -1 } },
  ],
]

test.each(REFUSED)('when %s, then the job is refused with %s', (_, code, build, options = {}) => {
  const error = refusal(job('refused', options, build))
  expect(error.code).toBe(code)
  expect(error.why.length).toBeGreaterThan(0)
  expect(error.fix.length).toBeGreaterThan(0)
})

test('when an id is used twice, then the error names both lines', () => {
  const error = refusal(job('refused', (flow) => flow.from('same', clicks).to('same', discard())))
  expect(error.where).toMatch(/refused-jobs\.test\.ts:\d+$/)
  expect(error.why).toMatch(/refused-jobs\.test\.ts:\d+/)
})

test('when the latency of a combiner is wrong, then the error names the line of the aggregation', () => {
  for (const combine of [0, 'soon' as never]) {
    const error = refusal(job('refused', (flow) => combined(flow, combine)))
    expect(error.where).toMatch(/refused-jobs\.test\.ts:\d+$/)
  }
})

test('when streams of two jobs are joined, then it is refused', () => {
  let other: ReturnType<Flow['from']> | undefined
  job('one', (flow) => {
    other = flow.from('clicks', clicks)
    other.to('out', discard())
  }).build()
  const error = refusal(
    job('two', (flow) =>
      flow.from('clicks', clicks).union(other as never as ReturnType<typeof flow.from<Click>>),
    ),
  )
  expect(error.code).toBe('RT1007')
})

test('when the job itself is named badly, then it is refused at once', () => {
  expect(() => job(' ', () => undefined)).toThrow(expect.objectContaining({ code: 'RT1004' }))
})

test('when the command line asks for a parallelism, then it wins over that of the job', () => {
  const graph = clickCount({ parallelism: 3 }).build({ parallelism: 2 })
  expect(graph.vertices.map(({ parallelism }) => parallelism)).toEqual([2, 2])
})

function postgresTable(options: object) {
  const columns = { id: { from: 'id', type: 'text' } }
  return postgres.sink({ database: 'postgres://none', table: 't', columns, ...options } as never)
}

function combined(flow: Flow, combine: Duration): void {
  flow
    .from('clicks', clicks)
    .keyBy((click) => click.userId)
    .count('n', { combine })
    .to('out', discard())
}

function refusal(refused: Job): RetakeError {
  try {
    refused.build()
  } catch (error) {
    if (error instanceof RetakeError) return error
    throw error
  }
  throw new Error('it was not refused')
}
