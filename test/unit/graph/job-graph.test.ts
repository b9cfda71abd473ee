import { expect, test } from 'vitest'
import { discard, type Job, job, type Stream } from '#src/api/index.js'
import { chainHeads } from '#src/graph/chaining.js'
import { deploymentOrder, executionGraphOf, requiredSlots } from '#src/graph/execution-graph.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { planOf } from '#src/graph/plan-of.js'
import type { StreamGraph } from '#src/graph/stream-graph.js'
import { type Click, clickCount, clicks } from './click-count.js'

test('when chaining is on, then the click count is two vertices and four subtasks', () => {
  const plan = planned(clickCount(), 2)

  expect(plan.vertices.map(({ name }) => name)).toEqual(['clicks → filter-1 → map-1', 'count → table'])
  expect(plan.edges).toEqual([{ from: 0, to: 1, partitioner: 'hash' }])
  expect(executionGraphOf(plan).subtasks).toHaveLength(4)
})

test('when chaining is off, then five operators at parallelism 2 are ten subtasks', () => {
  const plan = planned(clickCount({ chaining: false }), 2)

  expect(plan.vertices.map(({ name }) => name)).toEqual(['clicks', 'filter-1', 'map-1', 'count', 'table'])
  expect(executionGraphOf(plan).subtasks).toHaveLength(10)
  expect(plan.edges.map(({ partitioner }) => partitioner)).toEqual(['forward', 'forward', 'hash', 'forward'])
})

test('when chaining is off, then filter and map still follow one to one', () => {
  const plan = planned(clickCount({ chaining: false }), 2)
  const { subtasks } = executionGraphOf(plan)

  const inputs = subtasks
    .filter(({ vertex }) => vertex === 1 || vertex === 2)
    .map(({ id, inputs }) => [id, inputs.map(({ from }) => from)])
  expect(inputs).toEqual([
    ['1-0', ['0-0']],
    ['1-1', ['0-1']],
    ['2-0', ['1-0']],
    ['2-1', ['1-1']],
  ])
})

test('when chaining is off, then a combiner runs by itself, beside its sender, one to one', () => {
  const plan = planned(clickCount({ chaining: false }, '1s'), 2)

  expect(plan.vertices.map(({ name }) => name)).toEqual([
    'clicks',
    'filter-1',
    'map-1',
    'count.combine',
    'count',
    'table',
  ])
  expect(plan.edges.map(({ partitioner }) => partitioner)).toEqual([
    'forward',
    'forward',
    'forward',
    'hash',
    'forward',
  ])
})

test('when a keyBy deals out a union, then each stream of it has a combiner of its own, of its parallelism', () => {
  const plan = planned(
    jobOf((stream) =>
      stream
        .map(same, { parallelism: 3 })
        .union(stream)
        .keyBy((click) => click.userId)
        .count('n', { combine: '1s', parallelism: 1 })
        .to('out', discard(), { parallelism: 1 }),
    ),
    2,
  )

  expect(plan.vertices.map(({ name, parallelism }) => [name, parallelism])).toEqual([
    ['clicks → n.combine-2', 2],
    ['map-1 → n.combine-1', 3],
    ['n → out', 1],
  ])
  expect(plan.edges.map(({ from, to, partitioner }) => [from, to, partitioner])).toEqual([
    [0, 1, 'rebalance'],
    [1, 2, 'hash'],
    [0, 2, 'hash'],
  ])
})

test('a job needs as many slots as its highest parallelism', () => {
  const plan = planned(
    jobOf((stream) =>
      stream.map((click) => click, { parallelism: 5 }).to('out', discard(), { parallelism: 3 }),
    ),
    2,
  )

  expect(plan.vertices.map(({ parallelism }) => parallelism)).toEqual([2, 5, 3])
  expect(requiredSlots(plan)).toBe(5)
})

const CHAINING: readonly [
  when: string,
  build: (stream: Stream<Click>) => void,
  vertices: readonly string[],
][] = [
  ['nothing is said', (s) => s.map(same).to('out', discard()), ['clicks → map-1 → out']],
  [
    'an operator is never to be chained',
    (s) => s.map(same).disableChaining().filter(all).to('out', discard()),
    ['clicks', 'map-1', 'filter-1 → out'],
  ],
  [
    'an operator begins a chain',
    (s) => s.map(same).startNewChain().filter(all).to('out', discard()),
    ['clicks', 'map-1 → filter-1 → out'],
  ],
  ['the option says never', (s) => s.to('out', discard(), { chaining: 'never' }), ['clicks', 'out']],
  [
    'parallelism differs',
    (s) => s.map(same, { parallelism: 3 }).to('out', discard()),
    ['clicks', 'map-1', 'out'],
  ],
  ['records are rebalanced', (s) => s.rebalance().to('out', discard()), ['clicks', 'out']],
  ['records are rescaled', (s) => s.rescale().to('out', discard()), ['clicks', 'out']],
  ['records are broadcast', (s) => s.broadcast().to('out', discard()), ['clicks', 'out']],
  ['all records go to the first subtask', (s) => s.global().to('out', discard()), ['clicks', 'out']],
  ['the user deals records out', (s) => s.partitionCustom(() => 0).to('out', discard()), ['clicks', 'out']],
  [
    'two streams are joined',
    (s) => s.map(same).union(s.filter(all)).to('out', discard()),
    ['clicks → map-1 → filter-1', 'out'],
  ],
  [
    'one operator feeds two',
    (s) => {
      s.map(same).to('a', discard())
      s.filter(all).to('b', discard())
    },
    ['clicks → map-1 → a → filter-1 → b'],
  ],
]

test.each(CHAINING)('when %s, then chains are as Flink makes them', (_, build, vertices) => {
  expect(planned(jobOf(build), 2).vertices.map(({ name }) => name)).toEqual(vertices)
})

test('when a graph has a forward edge between different parallelisms, then it is not chained', () => {
  const { nodes, edges } = graphOfTwo()
  expect(chainHeads({ nodes, edges }, clickCount().build().settings)).toEqual([0, 0])
  const [source, sink] = nodes
  const apart = [source!, { ...sink!, parallelism: 7 }]
  expect(chainHeads({ nodes: apart, edges }, clickCount().build().settings)).toEqual([0, 1])
})

test('when a union joins two streams, then each sends over an edge of its own', () => {
  const plan = planned(
    jobOf((stream) => stream.map(same).union(stream.filter(all)).to('out', discard())),
    2,
  )
  expect(plan.edges).toEqual([
    { from: 0, to: 1, partitioner: 'forward' },
    { from: 0, to: 1, partitioner: 'forward' },
  ])
  const [, , receiver] = executionGraphOf(plan).subtasks
  expect(receiver?.inputs.map(({ edge, from }) => [edge, from])).toEqual([
    [0, '0-0'],
    [1, '0-0'],
  ])
})

test('when one operator feeds another vertex from the middle of its chain, then its edge says from which operator', () => {
  const graph = jobOf((stream) => {
    const mapped = stream.map(same)
    mapped.to('a', discard())
    mapped.rebalance().to('b', discard())
  }).build()

  expect(graph.vertices.map(({ nodes }) => nodes.map(({ id, fedBy }) => [id, fedBy]))).toEqual([
    [
      ['clicks', undefined],
      ['map-1', 0],
      ['a', 1],
    ],
    [['b', undefined]],
  ])
  expect(graph.edges.map(({ from, fromNode, to }) => [from, fromNode, to])).toEqual([[0, 1, 1]])
})

test('receivers are deployed before whoever sends to them', () => {
  const plan = planned(clickCount({ chaining: false }), 2)
  const order = deploymentOrder(plan, executionGraphOf(plan)).map(({ vertex }) => vertex)

  expect(order).toEqual([4, 4, 3, 3, 2, 2, 1, 1, 0, 0])
})

test.each([
  [1, 128],
  [2, 128],
  [85, 128],
  [86, 256],
  [30_000, 32_768],
])('when parallelism is %i, then there are %i key groups', (parallelism, maxParallelism) => {
  expect(planned(clickCount(), parallelism).vertices[0]).toMatchObject({ parallelism, maxParallelism })
})

test('when a checkpoint has fewer key groups than there would be subtasks, then the job is refused', () => {
  const build = () => clickCount().build({ parallelism: 129, maxParallelismOf: { count: 128 } as never })
  expect(build).toThrow(expect.objectContaining({ code: 'RT1006' }))
})

test('when a checkpoint fixes the key groups of an operator, then its vertex has as many', () => {
  const plan = planOf(clickCount().build({ parallelism: 100, maxParallelismOf: { count: 128 } as never }))

  expect(plan.vertices.map(({ maxParallelism }) => maxParallelism)).toEqual([256, 128])
})

function jobOf(build: (stream: Stream<Click>) => void): Job {
  return job('chains', (flow) => build(flow.from('clicks', clicks)))
}

function graphOfTwo(): StreamGraph {
  const [vertex] = jobOf((stream) => stream.to('out', discard())).build().vertices
  return { nodes: vertex?.nodes ?? [], edges: [{ from: 0, to: 1, partitioner: { kind: 'forward' } }] }
}

function planned(built: Job, parallelism: number): JobPlan {
  return planOf(built.build({ parallelism }))
}

function same(click: Click): Click {
  return click
}

function all(): boolean {
  return true
}
