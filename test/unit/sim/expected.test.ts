import { expect, test } from 'vitest'
import { seededRandom } from '#src/kit/random.js'
import { expectedOf, printedRow } from '../../sim/expected.js'
import { rescaled } from '../../sim/rescaled.js'
import { type Shape, type ShapeNode, type SourceWork, shapeOf } from '../../sim/shape.js'
import { inputOf, type ShapeInput } from '../../sim/shape-input.js'
import { jobOf } from '../../sim/shape-job.js'
import {
  type Committed,
  type CommittedRow,
  excessOf,
  regressionOf,
  shortfallOf,
} from '../../sim/table-rules.js'
import { WholeGraph } from './whole-graph.js'

const NO_HOOKS = { onRecord: () => {} }

/** Keys 1, 2, 1; values 3, 4, 5; the last one comes twice. */
const INPUT: ShapeInput = {
  topics: [
    {
      topic: 't0',
      partitions: [
        { fromMs: 0, records: [record('a', 1, 3), record('c', 1, 5)] },
        { fromMs: 0, records: [record('b', 2, 4), record('c', 1, 5)] },
      ],
    },
  ],
}

const SOURCE: SourceWork = {
  kind: 'source',
  topic: 't0',
  isBounded: false,
  discover: false,
  group: undefined,
  isolation: undefined,
  fetch: undefined,
}

test('when rows are as they came, then each is there as often as it came', () => {
  expect(rowsOf(APPEND)).toEqual([
    ...printed('a', 1, 3),
    ...printed('b', 2, 4),
    ...printed('c', 1, 5),
    ...printed('c', 1, 5),
  ])
})

test('when rows are numbered, then each key has all numbers up to how many it had', () => {
  const shape = shaped(
    node('numbered', 'source', { kind: 'numbered', as: 'count', form: 'field' }),
    append('numbered'),
  )
  expect(rowsOf(shape)).toEqual([
    ...printed('numbered:1#1', 1, 1),
    ...printed('numbered:1#2', 1, 2),
    ...printed('numbered:1#3', 1, 3),
    ...printed('numbered:2#1', 2, 1),
  ])
})

test('when rows go to all of three subtasks, then they come thrice; made distinct again, once', () => {
  const copied = {
    ...node('map', 'source', { kind: 'map', times: 1, plus: 0 }),
    parallelism: 3,
    isFixed: true,
  }
  const broadcast = { ...copied, inputs: [{ from: 'source', by: 'broadcast' }] } as const
  const [a, b, c] = [printed('a.map', 1, 4), printed('b.map', 2, 5), printed('c.map', 1, 6)].map(
    ([row]) => row,
  )
  expect(rowsOf(shaped(broadcast, append('map')))).toEqual([a, a, a, b, b, b, c, c, c, c, c, c])
  const distinct = node('distinct', 'map', { kind: 'distinct', yields: false })
  expect(rowsOf(shaped(broadcast, distinct, append('distinct')))).toEqual([a, b, c])
})

test('when rows are filtered, copied and united, then their ids tell the way', () => {
  const filter = node('filter', 'source', { kind: 'filter', modulo: 2, dropped: 1 })
  const copied = node('copied', 'source', { kind: 'flat-map', most: 3, isGenerator: false })
  const united = { ...node('map', 'filter', { kind: 'map', times: 2, plus: 1, keys: 2 }) }
  const both = { ...united, inputs: [{ from: 'filter' }, { from: 'copied' }] }
  // 4 is even; 3, 4 and 5 modulo 4 are 3, 0 and 1 copies
  expect(rowsOf(shaped(filter, copied, both, append('map')))).toEqual([
    ...printed('a.copied/0.map', 1, 8),
    ...printed('a.copied/1.map', 1, 8),
    ...printed('a.copied/2.map', 1, 8),
    ...printed('b.map', 0, 10),
    ...printed('c.copied/0.map', 1, 12),
    ...printed('c.copied/0.map', 1, 12),
  ])
})

test('when totals are folded by a second shuffle, then the highest of each group is left', () => {
  const total = node('total', 'source', {
    kind: 'level',
    of: 'total',
    as: 'field',
    form: 'field',
    delayMs: 0,
  })
  expect(valuesOf(shaped(total, upsert('total')))).toEqual([
    [1, 13],
    [2, 4],
  ])
  const folded = node('folded', 'total', { kind: 'scaled', times: 2, plus: 1, keys: 1 })
  const highest = node('highest', 'folded', {
    kind: 'level',
    of: 'highest',
    as: 'timer',
    form: 'text',
    delayMs: 5,
  })
  expect(valuesOf(shaped(total, folded, highest, upsert('highest')))).toEqual([[0, 27]])
  const lowest = node('lowest', 'source', {
    kind: 'level',
    of: 'lowest',
    as: 'reduce',
    form: 'tuple',
    delayMs: 0,
  })
  expect(valuesOf(shaped(lowest, upsert('lowest')))).toEqual([
    [1, 3],
    [2, 4],
  ])
})

test('when two streams are joined, then they are numbered and summed together', () => {
  const join: ShapeNode = {
    id: 'join',
    inputs: [
      { from: 'source', port: 'left' },
      { from: 'source', port: 'right' },
    ],
    kind: 'join',
  }
  const shape = { ...shaped(join, append('join.numbered'), upsert('join.total')), layer: 'topology' } as const
  expect(rowsOf(shape).length).toBe(8)
  expect(valuesOf(shape)).toEqual([
    [1, 26],
    [2, 8],
  ])
})

test('when checkpoints are at-least-once, then totals may be more, and what has no total is as it is', () => {
  const total = node('total', 'source', {
    kind: 'level',
    of: 'total',
    as: 'field',
    form: 'field',
    delayMs: 0,
  })
  const highest = node('highest', 'source', {
    kind: 'level',
    of: 'highest',
    as: 'field',
    form: 'field',
    delayMs: 0,
  })
  const exactOf = (shape: Shape) => {
    const loose: Shape = { ...shape, options: { checkpoint: { mode: 'at-least-once' } } }
    return [...expectedOf(loose, INPUT).values()].map(({ isExact }) => isExact)
  }
  expect(exactOf(shaped(total, upsert('total')))).toEqual([false])
  expect(exactOf(shaped(highest, upsert('highest')))).toEqual([true])
  expect(exactOf(APPEND)).toEqual([true])
})

test('when rows are judged, then one too many, a foreign one and a missing one are told', () => {
  const expected = expectedOf(APPEND, INPUT)
  const all = [row('a', 1, 3), row('b', 2, 4), row('c', 1, 5), row('c', 1, 5)]
  const judged = (rows: readonly object[]) => {
    const committed = new Map([['rows', rows]]) as Committed
    return { excess: excessOf(expected, committed), shortfall: shortfallOf(expected, committed) }
  }
  expect(judged(all)).toEqual({ excess: [], shortfall: [] })
  expect(judged(all.slice(1))).toEqual({
    excess: [],
    shortfall: ['rows: id=a key=1 value=3 is there 0 times, not 1'],
  })
  expect(judged([...all, row('b', 2, 4)]).excess).toEqual([
    'rows: id=b key=2 value=4 is there 2 times, not 1',
  ])
  expect(judged([...all, row('b', 2, 5)]).excess).toEqual(['rows: id=b key=2 value=5 is of nobody'])
  expect(excessOf(expected, new Map([['other', all]]))).toEqual(['other is no table of this job'])
  expect(excessOf(expected, new Map())).toEqual([])
})

test('when an at-least-once table is judged, then repeats are its right, and foreign rows are not', () => {
  const loose = shaped({ ...append('source'), guarantee: 'at-least-once' })
  const excess = (shape: Shape, ...rows: readonly CommittedRow[]) =>
    excessOf(expectedOf(shape, INPUT), new Map([['rows', rows]]))
  const once = row('a', 1, 3)
  expect(excess(loose, once, once)).toEqual([])
  expect(excess(APPEND, once, once)).toEqual(['rows: id=a key=1 value=3 is there 2 times, not 1'])
  expect(excess(loose, row('a', 1, 4))).toEqual(['rows: id=a key=1 value=4 is of nobody'])
})

test('when levels are judged, then they come up to the last one, not beyond, and never go back', () => {
  const total = node('total', 'source', {
    kind: 'level',
    of: 'total',
    as: 'field',
    form: 'field',
    delayMs: 0,
  })
  const shape = shaped(total, upsert('total'))
  const expected = expectedOf(shape, INPUT)
  const at = (...levels: readonly (readonly [number, number | string])[]): Committed =>
    new Map([['levels', levels.map(([key, value]) => ({ key, value }))]])
  expect(excessOf(expected, at([1, '8'], [2, 4]))).toEqual([])
  expect(shortfallOf(expected, at([1, '8']))).toEqual([
    'levels: key 1 has 8, not 13',
    'levels: key 2 is missing, not 4',
  ])
  expect(excessOf(expected, at([1, 14], [3, 1]))).toEqual([
    'levels: key 1 has 14, beyond 13',
    'levels: key 3 is of nobody',
  ])
  expect(excessOf(expected, at([1, 3], [1, 8]))).toEqual(['levels: a key has several rows'])
  expect(regressionOf(expected, at([1, 8]), at([1, 13], [2, 4]))).toEqual([])
  expect(regressionOf(expected, at([1, 8], [2, 4]), at([1, 3]))).toEqual([
    'levels: key 1 went from 8 to 3',
    'levels: the key 2 was there',
  ])
})

test('when the operators of a shape run, restored on the way at another parallelism, then they come to what is expected', async () => {
  for (let seed = 0; seed < 120; seed++) {
    const shape = shapeOf(seededRandom(seed))
    const input = inputOf(shape, seededRandom(seed + 1))
    const expected = expectedOf(asExactlyOnce(shape), input)
    const whole = await WholeGraph.opened(jobOf(shape, NO_HOOKS), input, seededRandom(seed))
    await whole.run(200)
    const before = whole.committed
    await whole.restoredAs(jobOf(rescaled(shape, seededRandom(seed)), NO_HOOKS))
    await whole.finish()
    const after = whole.committed
    expect({ seed, told: [...excessOf(expected, before), ...regressionOf(expected, before, after)] }).toEqual(
      { seed, told: [] },
    )
    expect({ seed, told: [...excessOf(expected, after), ...shortfallOf(expected, after)] }).toEqual({
      seed,
      told: [],
    })
  }
}, 120_000)

test('when the simulation throws in a function, then it is the function of that operator that threw', async () => {
  const shape = shaped(node('map', 'source', { kind: 'map', times: 1, plus: 0 }), append('map'))
  const hooks = {
    onRecord: (id: string) => {
      throw new Error(`not ${id}`)
    },
  }
  const whole = await WholeGraph.opened(jobOf(shape, hooks), INPUT, seededRandom(0))
  await expect(whole.finish()).rejects.toMatchObject({
    code: 'RT1601',
    message: expect.stringContaining('not map'),
  })
})

/** The restore is cut where nothing is under way, so that nothing is counted twice in either mode. */
function asExactlyOnce({ options, ...shape }: Shape): Shape {
  return { ...shape, options: { ...options, checkpoint: { ...options.checkpoint, mode: 'exactly-once' } } }
}

function shaped(...nodes: readonly ShapeNode[]): Shape {
  return {
    name: 'shape',
    layer: 'flow',
    options: {},
    readsParams: false,
    topics: [
      {
        name: 't0',
        partitions: 2,
        latePartitions: 0,
        pace: 'steady',
        isBounded: false,
        repeats: true,
        keys: 2,
      },
    ],
    nodes: [{ id: 'source', inputs: [], ...SOURCE }, ...nodes],
  }
}

function node<const W extends Omit<ShapeNode, 'id' | 'inputs'>>(id: string, from: string, work: W) {
  return { id, inputs: [{ from }], ...work }
}

function append(from: string) {
  return node('append', from, { kind: 'append', table: 'rows', guarantee: 'exactly-once' } as const)
}

function upsert(from: string) {
  return node('upsert', from, { kind: 'upsert', table: 'levels', guarantee: 'exactly-once' } as const)
}

const APPEND = shaped(append('source'))

function record(id: string, key: number, value: number) {
  return { atMs: 1, value: row(id, key, value) }
}

function row(id: string, key: number, value: number) {
  return { id, key, value }
}

function printed(id: string, key: number, value: number): string[] {
  return [printedRow({ id, key, value })]
}

function rowsOf(shape: Shape): string[] {
  const table = expectedOf(shape, INPUT).get('rows')
  if (table?.mode !== 'append') throw new Error('no table of rows')
  return [...table.rows].flatMap(([row, count]) => Array<string>(count).fill(row)).sort()
}

function valuesOf(shape: Shape): (readonly [number, number])[] {
  const table = expectedOf(shape, INPUT).get('levels')
  if (table?.mode !== 'upsert') throw new Error('no table of levels')
  return [...table.values].sort(([a], [b]) => a - b)
}
