import { expect, test } from 'vitest'
import { job, type Stream } from '#src/api/index.js'
import { keyOfFields, plainFields, sameFields } from '#src/api/plain-fields.js'
import { clicks, type Row, table } from '../graph/click-count.js'

type Rows = Stream<Row & { readonly country: string }>

const REACHED: readonly [
  when: string,
  build: (rows: Rows) => Stream<Row>,
  partitioner: string,
  fields?: string[],
][] = [
  [
    'the stream is keyed by the same field',
    (rows) => rows.keyBy((row) => row.userId).sum('op', 'clicks'),
    'forward',
  ],
  [
    'a filter stands between',
    (rows) =>
      rows
        .keyBy((row) => row.userId)
        .max('op', 'clicks')
        .filter(() => true),
    'forward',
  ],
  [
    'both keys are the same fields in another order',
    (rows) => rows.keyBy((row) => [row.country, row.userId]).min('op', 'clicks'),
    'forward',
    ['userId', 'country'],
  ],
  [
    'records are counted, and the key is the sink’s',
    (rows) => rows.keyBy((row) => row.userId.slice(1)).count('op') as never,
    'forward',
    ['key'],
  ],
  [
    'the stream is keyed by another field',
    (rows) => rows.keyBy((row) => row.country).sum('op', 'clicks'),
    'hash',
  ],
  [
    'the stream is keyed by more',
    (rows) => rows.keyBy((row) => [row.userId, row.country]).sum('op', 'clicks'),
    'hash',
  ],
  [
    'the key is computed',
    (rows) => rows.keyBy((row) => row.userId.toLowerCase()).sum('op', 'clicks'),
    'hash',
  ],
  [
    'the key may be another field',
    (rows) => rows.keyBy((row) => row.userId ?? row.country).sum('op', 'clicks'),
    'hash',
  ],
  [
    'the key is another field for one user',
    (rows) => rows.keyBy((row) => (row.userId === 'x' ? row.country : row.userId)).sum('op', 'clicks'),
    'hash',
  ],
  [
    'a map stands between',
    (rows) =>
      rows
        .keyBy((row) => row.userId)
        .sum('op', 'clicks')
        .map((row) => row),
    'hash',
  ],
  [
    'a reduce may change the field',
    (rows) => rows.keyBy((row) => row.userId).reduce('op', (held) => held),
    'hash',
  ],
  [
    'the filter has another parallelism',
    (rows) =>
      rows
        .keyBy((row) => row.userId)
        .sum('op', 'clicks')
        .filter(() => true, { parallelism: 3 }),
    'hash',
  ],
  [
    'records are rebalanced',
    (rows) =>
      rows
        .keyBy((row) => row.userId)
        .sum('op', 'clicks')
        .rebalance(),
    'hash',
  ],
  [
    'the summed field is the key',
    (rows) =>
      (rows as unknown as Stream<Row & { id: number }>).keyBy((row) => row.clicks).sum('op', 'clicks'),
    'hash',
    ['clicks'],
  ],
]

test.each(REACHED)(
  'when %s, then the keyed sink is reached by what is right',
  (_, build, partitioner, keyFields) => {
    expect(lastEdge((rows) => build(rows), keyFields ?? ['userId'])).toBe(partitioner)
  },
)

test('when the sink has another parallelism than the stream, then it is reached by hash', () => {
  const graph = job('keyed', (flow) =>
    flow
      .from('clicks', clicks)
      .map(({ userId }) => ({ userId, clicks: 1 }))
      .keyBy((row) => row.userId)
      .sum('op', 'clicks')
      .to('table', table, { parallelism: 3 }),
  ).build({ parallelism: 2 })
  expect(graph.edges.at(-1)?.partitioner.kind).toBe('hash')
})

test('when a keyed sink is reached by hash, then the key is its own fields', () => {
  const graph = job('keyed', (flow) =>
    flow
      .from('clicks', clicks)
      .map(({ userId, url }) => ({ userId, clicks: 1, url }))
      .to('table', { ...table, keyFields: ['userId', 'url'] }),
  ).build({ parallelism: 2 })
  const { partitioner } = graph.edges[0]!
  expect(partitioner.kind === 'hash' && partitioner.keyOf({ userId: 'ann', url: '/', clicks: 1 })).toEqual([
    'ann',
    '/',
  ])
  expect(() => partitioner.kind === 'hash' && partitioner.keyOf({ userId: null, url: '/' })).toThrow(
    expect.objectContaining({ code: 'RT1610' }),
  )
})

test.each<[(row: never) => unknown, readonly string[] | undefined]>([
  [(row: Row) => row.userId, ['userId']],
  [({ userId }: Row) => userId, ['userId']],
  [
    (row: Row) => {
      return row.userId
    },
    ['userId'],
  ],
  [(row: Row) => [row.userId, row.clicks], ['userId', 'clicks']],
  [(row: { in: { deep: string } }) => row.in.deep, undefined],
  [(row: Row) => String(row.userId), undefined],
  [(row: Row) => row.userId || 'x', undefined],
  [(row: Row) => `${row.userId}`, undefined],
  [(row: Row) => (row.clicks > 3 ? row.userId : row.userId), undefined],
  [() => 'constant', undefined],
  [() => [], undefined],
])('when a key selector is %s, then its plain fields are %j', (keyOf, fields) => {
  expect(plainFields(keyOf)).toEqual(fields)
})

test('fields make a key again', () => {
  expect(keyOfFields(['userId'])({ userId: 'ann' })).toBe('ann')
  expect(keyOfFields(['userId', 'n'])({ userId: 'ann', n: 1 })).toEqual(['ann', 1])
  expect(sameFields(['a', 'b'], ['b', 'a'])).toBe(true)
  expect(sameFields(['a'], ['a', 'b'])).toBe(false)
})

function lastEdge(build: (rows: Rows) => Stream<Row>, keyFields: readonly string[]): string | undefined {
  const built = job('keyed', { chaining: false }, (flow) =>
    build(flow.from('clicks', clicks).map(({ userId, url }) => ({ userId, clicks: 1, country: url }))).to(
      'table',
      { ...table, keyFields },
    ),
  )
  return built.build({ parallelism: 2 }).edges.at(-1)?.partitioner.kind
}
