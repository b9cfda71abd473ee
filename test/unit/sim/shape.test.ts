import { expect, test } from 'vitest'
import type { CheckpointPolicy, JobOptions, RestartStrategyOptions } from '#src/api/index.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { planOf } from '#src/graph/plan-of.js'
import { seededRandom } from '#src/kit/random.js'
import { rescaled } from '../../sim/rescaled.js'
import { type Shape, shapeOf, type Work } from '../../sim/shape.js'
import { inputOf } from '../../sim/shape-input.js'
import { jobOf } from '../../sim/shape-job.js'

const SEEDS = Array.from({ length: 500 }, (_, seed) => seed)
const SHAPES = SEEDS.map((seed) => shapeOf(seededRandom(seed)))
const NO_HOOKS = { onRecord: () => {} }
const PLANS = SHAPES.map(planned)

test('when shapes are drawn, then each is a job, and so it is at another parallelism', () => {
  for (const [seed, shape] of SHAPES.entries()) {
    const plan = PLANS[seed]!
    const other = planned(rescaled(shape, seededRandom(seed)))
    const sinks = shape.nodes.filter(({ kind }) => kind === 'append' || kind === 'upsert')
    expect([plan.vertices.length, sinks.length]).toEqual([
      expect.toBeOneOf(range(1, 40)),
      expect.toBeOneOf([1, 2, 3]),
    ])
    expect(statefulOf(other)).toEqual(statefulOf(plan))
    expect(other.fingerprint).not.toBe(plan.fingerprint)
  }
})

test('when a seed is drawn again, then shape, plan and input are the same', () => {
  for (const seed of SEEDS.slice(0, 50)) {
    const [shape, again] = [shapeOf(seededRandom(seed)), shapeOf(seededRandom(seed))]
    expect(again).toEqual(shape)
    expect(planned(again).fingerprint).toBe(PLANS[seed]?.fingerprint)
    expect(inputOf(again, seededRandom(7))).toEqual(inputOf(shape, seededRandom(7)))
  }
  expect(new Set(PLANS.map(({ fingerprint }) => fingerprint)).size).toBe(PLANS.length)
})

test('when levels are mapped and not folded, then nothing on the way to their table takes their order', () => {
  const before = ({ nodes }: Shape, from: string) => nodes.find(({ id }) => id === from.split('.')[0])
  const moved = SHAPES.map((shape, seed) => rescaled(shape, seededRandom(seed)))
  for (const shape of [...SHAPES, ...moved]) {
    for (const node of shape.nodes) {
      if (node.kind !== 'scaled' || node.keys !== undefined) continue
      const [input, ...more] = node.inputs
      expect([input?.by, more.length]).toEqual([undefined, 0])
      expect(node.parallelism).toBe(before(shape, input!.from)?.parallelism)
    }
  }
})

test('when many shapes are drawn, then every construct is among them', () => {
  const kinds = new Set(SHAPES.flatMap(({ layer, nodes }) => nodes.map(({ kind }) => `${layer} ${kind}`)))
  const both = Object.keys(KINDS).filter((kind) => kind !== 'join')
  expect([...kinds].sort()).toEqual(
    [
      ...both.map((kind) => `flow ${kind}`),
      ...both.map((kind) => `topology ${kind}`),
      'topology join',
    ].sort(),
  )
  for (const [construct, isOne] of Object.entries(CONSTRUCTS)) {
    expect([construct, SHAPES.filter(isOne).length >= 5]).toEqual([construct, true])
  }
})

test('when many shapes are drawn, then every option of a job is among them, and every default', () => {
  const jobs = SHAPES.map(({ options, readsParams }) => ({ ...options, params: readsParams || undefined }))
  const checkpoints = SHAPES.map(({ options }) => options.checkpoint ?? {})
  const restarts = SHAPES.flatMap(({ options }) => options.restart ?? [])
  expectSometimes(jobs, JOB_OPTIONS)
  expectSometimes(checkpoints, CHECKPOINT_OPTIONS)
  for (const [type, options] of Object.entries(RESTART_OPTIONS)) {
    const ofType = restarts.filter((restart) => restart.type === type)
    expect([type, ofType.length >= 5]).toEqual([type, true])
    if (options.length > 0) expectSometimes(ofType, options)
  }
  expect(valuesOf(checkpoints, 'maxConcurrent')).toEqual([1, 2, 3])
  expect(valuesOf(checkpoints, 'retained')).toEqual([1, 2, 3])
  expect(valuesOf(checkpoints, 'mode')).toEqual(['at-least-once', 'exactly-once'])
  expect(valuesOf(jobs, 'parallelism')).toEqual([1, 2, 3, 4])
})

test('when many plans are made, then every partitioner is among them, and so are chains', () => {
  const partitioners = new Set(PLANS.flatMap(({ edges }) => edges.map(({ partitioner }) => partitioner)))
  expect([...partitioners].sort()).toEqual(
    ['broadcast', 'custom', 'forward', 'global', 'hash', 'rebalance', 'rescale'].sort(),
  )
  const chained = PLANS.filter(({ vertices }) => vertices.some(({ operators }) => operators.length > 2))
  expect(chained.length).toBeGreaterThan(100)
})

test('when an input is made, then producers append what the topics say', () => {
  const paces = new Set<string>()
  for (const [seed, shape] of SHAPES.entries()) {
    const { topics } = inputOf(shape, seededRandom(seed))
    expect(topics.map(({ topic }) => topic)).toEqual(shape.topics.map(({ name }) => name))
    for (const [index, { partitions }] of topics.entries()) {
      const { isBounded, latePartitions, pace, partitions: first, repeats } = shape.topics[index]!
      const records = partitions.flatMap((partition) => partition.records)
      const ids = new Set(records.map(({ value }) => value.id))
      expect(partitions.filter(({ fromMs }) => fromMs === 0).length).toBe(first)
      expect(partitions.length).toBe(first + latePartitions)
      expect(pace === 'never' || records.length > 0).toBe(true)
      expect(repeats || ids.size === records.length).toBe(true)
      for (const { fromMs, records } of partitions) {
        const times = records.map(({ atMs }) => atMs)
        expect(times.every((at, i) => at >= (times[i - 1] ?? 0))).toBe(true)
        expect(times.every((at) => (isBounded ? at === 0 : at > 0 && at >= fromMs && at <= 40_000))).toBe(
          true,
        )
      }
      paces.add(pace)
    }
    const total = topics.flatMap(({ partitions }) => partitions.flatMap(({ records }) => records)).length
    expect(total).toBeOneOf(range(30, 1_700))
  }
  expect([...paces].sort()).toEqual(['burst', 'fast', 'never', 'slow', 'steady'])
})

/** Complete by its type: a kind, or an option, that is added is missed here. */
const KINDS: Record<Work['kind'], true> = {
  source: true,
  map: true,
  filter: true,
  'flat-map': true,
  numbered: true,
  distinct: true,
  delayed: true,
  level: true,
  scaled: true,
  join: true,
  append: true,
  upsert: true,
}

const JOB_OPTIONS = Object.keys({
  params: true,
  parallelism: true,
  maxParallelism: true,
  checkpoint: true,
  restart: true,
  bufferTimeout: true,
  chaining: true,
} satisfies Record<keyof JobOptions, true>)

const CHECKPOINT_OPTIONS = Object.keys({
  interval: true,
  mode: true,
  timeout: true,
  minPause: true,
  maxConcurrent: true,
  tolerableFailures: true,
  retained: true,
} satisfies Record<keyof CheckpointPolicy, true>)

type RestartOptionsOf<Type> = Exclude<keyof Extract<RestartStrategyOptions, { type: Type }>, 'type'>
const RESTART_OPTIONS: { [Type in RestartStrategyOptions['type']]: readonly RestartOptionsOf<Type>[] } = {
  none: [],
  'fixed-delay': ['attempts', 'delay'],
  'exponential-delay': [
    'initialBackoff',
    'backoffMultiplier',
    'resetBackoffThreshold',
    'jitterFactor',
    'attemptsBeforeResetBackoff',
  ],
  'failure-rate': ['maxFailuresPerInterval', 'failureRateInterval', 'delay'],
}

const CONSTRUCTS: Readonly<Record<string, (shape: Shape) => boolean>> = {
  'a union': ({ nodes }) => nodes.some(({ inputs }) => new Set(inputs.map(({ from }) => from)).size > 1),
  'a union before a keyBy': ({ nodes }) =>
    nodes.some(({ kind, inputs }) => kind === 'numbered' && inputs.length > 1),
  'a union before a sink': ({ nodes }) =>
    nodes.some(({ kind, inputs }) => kind === 'append' && inputs.length > 1),
  'a stream united with itself': ({ nodes }) =>
    nodes.some(
      ({ kind, inputs }) => kind === 'map' && inputs.length > 1 && inputs[0]?.from === inputs[1]?.from,
    ),
  'a split': ({ nodes }) =>
    nodes.some(({ id }) => nodes.filter(({ inputs }) => inputs.some(({ from }) => from === id)).length > 1),
  'a broadcast to a map': ({ nodes }) =>
    nodes.some(({ kind, inputs }) => kind === 'map' && inputs[0]?.by === 'broadcast'),
  'a broadcast to a sink': ({ nodes }) =>
    nodes.some(({ kind, inputs }) => kind === 'append' && inputs[0]?.by === 'broadcast'),
  'two shuffles of levels': ({ nodes }) => nodes.filter(({ kind }) => kind === 'level').length > 1,
  'two shuffles of rows': ({ nodes }) => nodes.filter(({ kind }) => kind === 'numbered').length > 1,
  'a timer of each record': ({ nodes }) => nodes.some((node) => node.kind === 'level' && node.as === 'timer'),
  'a timer that is moved': ({ nodes }) => nodes.some((node) => node.kind === 'level' && node.as === 'quiet'),
  'timers of two operators': ({ nodes }) =>
    nodes.filter((node) => 'delayMs' in node && node.delayMs !== 0).length > 1,
  'a join with a timer': ({ nodes }) =>
    nodes.some((node) => node.kind === 'join' && node.delayMs !== undefined),
  'numbers by count': (shape) => isNumberedBy(shape, 'count'),
  'numbers by sum': (shape) => isNumberedBy(shape, 'sum'),
  'numbers by reduce': (shape) => isNumberedBy(shape, 'reduce'),
  'numbers by process': (shape) => isNumberedBy(shape, 'process'),
  'a sum': (shape) => isLevelledBy(shape, 'total', 'field'),
  'a max': (shape) => isLevelledBy(shape, 'highest', 'field'),
  'a min': (shape) => isLevelledBy(shape, 'lowest', 'field'),
  'a reduced total': (shape) => isLevelledBy(shape, 'total', 'reduce'),
  'a count': (shape) => isLevelledBy(shape, 'total', 'count'),
  'a sum of what is combined': (shape) => isCombined(shape, 'total', 'field'),
  'a max of what is combined': (shape) => isCombined(shape, 'highest', 'field'),
  'a min of what is combined': (shape) => isCombined(shape, 'lowest', 'field'),
  'a count of what is combined': (shape) => isCombined(shape, 'total', 'count'),
  'a reduce of what is combined': (shape) => isCombined(shape, 'total', 'reduce'),
  'three sources': ({ topics }) => topics.length === 3,
  'topics of different pace': ({ topics }) => new Set(topics.map(({ pace }) => pace)).size > 1,
  'a job that ends': ({ topics }) => topics.every(({ isBounded }) => isBounded),
  'a source that ends beside one that does not': ({ topics }) =>
    new Set(topics.map(({ isBounded }) => isBounded)).size > 1,
  'partitions that appear': ({ topics }) => topics.some(({ latePartitions }) => latePartitions > 0),
  'an operator of its own parallelism': ({ nodes }) =>
    nodes.some(({ parallelism, isFixed }) => parallelism !== undefined && isFixed !== true),
  'a keyed operator that starts a chain': ({ nodes }) =>
    nodes.some(({ kind, chaining }) => kind === 'numbered' && chaining !== undefined),
  'tables of both kinds': ({ nodes }) =>
    nodes.some(({ kind }) => kind === 'append') && nodes.some(({ kind }) => kind === 'upsert'),
  'tables of both guarantees': ({ nodes }) =>
    new Set(nodes.flatMap((node) => ('guarantee' in node ? [node.guarantee] : []))).size > 1,
}

function isNumberedBy({ layer, nodes }: Shape, as: string): boolean {
  return layer === 'flow' && nodes.some((node) => node.kind === 'numbered' && node.as === as)
}

function isLevelledBy({ nodes }: Shape, of: string, as: string): boolean {
  return nodes.some((node) => node.kind === 'level' && node.of === of && node.as === as)
}

function isCombined({ nodes }: Shape, of: string, as: string): boolean {
  return nodes.some(
    (node) => node.kind === 'level' && node.of === of && node.as === as && node.combine !== undefined,
  )
}

/** Each of `options` is given by some, and left to its default by others. */
function expectSometimes(given: readonly object[], options: readonly string[]): void {
  for (const option of options) {
    const count = given.filter((each) => option in each && each[option as never] !== undefined).length
    expect([option, count > 0, count < given.length]).toEqual([option, true, true])
  }
}

function valuesOf(given: readonly object[], option: string): unknown[] {
  return [...new Set(given.flatMap((each) => each[option as never] ?? []))].sort()
}

/** What a restore compares: ids of operators with state, and their max parallelism. */
function statefulOf({ vertices }: JobPlan): string[] {
  const stateless = ['map', 'filter', 'flat-map', 'combine']
  return vertices
    .flatMap(({ operators, maxParallelism }) =>
      operators.flatMap(({ id, kind }) =>
        stateless.includes(kind) ? [] : [`${kind} ${id} ${maxParallelism}`],
      ),
    )
    .sort()
}

function planned(shape: Shape): JobPlan {
  return planOf(jobOf(shape, NO_HOOKS).build())
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
