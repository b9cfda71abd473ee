import { expect, test } from 'vitest'
import { type GeneratorSourceOptions, generator } from '#src/api/generator.js'
import { generatorSource } from '#src/connector/generator/generator-connector.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Random } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { restored, StagedSource, splitsOf } from '../../../support/source-stage.js'

interface Drawn {
  readonly index: number
  readonly first: number
  readonly second: number
}

const draw = (random: Random, index: number): Drawn => ({
  index,
  first: random.next(),
  second: random.next(),
})

function drawing(options: Omit<GeneratorSourceOptions<Drawn>, 'make'>) {
  return generator.source({ make: draw, ...options })
}

const byIndex = (a: Drawn, b: Drawn) => a.index - b.index

async function allOf(options: Omit<GeneratorSourceOptions<Drawn>, 'make'>, parallelism = 1) {
  const spec = drawing(options)
  const source = new StagedSource<Drawn>(generatorSource, spec)
  source.reader.addSplits(await splitsOf(generatorSource, spec, parallelism))
  expect(source.pollWhileMore()).toBe('end')
  return source.emitted
}

test('when it is cut into any number of splits, then it makes the same records, each once', async () => {
  const whole = await allOf({ count: 1_001, seed: 7 })
  expect(whole.map(({ index }) => index)).toEqual(Array.from({ length: 1_001 }, (_, index) => index))
  for (const splits of [2, 3, 7, 2_000]) {
    expect((await allOf({ count: 1_001, seed: 7, splits })).toSorted(byIndex)).toEqual(whole)
  }
})

test('when nothing says how many splits, then there is one for each subtask of the beginning', async () => {
  const splits = await splitsOf(generatorSource, drawing({ count: 10 }), 4)
  expect(splits.map(({ split, owner }) => [split, owner])).toEqual([
    ['generator-0', 0],
    ['generator-1', 1],
    ['generator-2', 2],
    ['generator-3', 3],
  ])
  expect(splits.map(({ position }) => (position as { stop: number }).stop)).toEqual([3, 3, 2, 2])
})

test('when it is restored at any position and parallelism, then it goes on with exactly the records that are missing', async () => {
  const spec = drawing({ count: 3_500, seed: 3, splits: 3 })
  const whole = (await allOf({ count: 3_500, seed: 3, splits: 3 })).toSorted(byIndex)
  const first = new StagedSource<Drawn>(generatorSource, spec)
  first.reader.addSplits(await splitsOf(generatorSource, spec))
  for (let polls = 0; polls <= 4; polls++) {
    const positions = restored(first.positions())
    const before = [...first.emitted]
    const readers = [0, 1].map((subtask) => {
      const reader = new StagedSource<Drawn>(generatorSource, spec, { subtask, parallelism: 2 })
      reader.reader.addSplits(positions.filter(({ owner }) => owner % 2 === subtask))
      reader.pollWhileMore()
      return reader
    })
    const after = readers.flatMap(({ emitted }) => emitted)
    expect([...before, ...after].toSorted(byIndex)).toEqual(whole)
    first.poll()
  }
  expect(first.positions().every(({ ended }) => ended)).toBe(true)
})

test('when seeds differ, then so do records, and not by their order alone', async () => {
  const [one, two] = [await allOf({ count: 5_000, seed: 1 }), await allOf({ count: 5_000, seed: 2 })]
  const numbers = new Set(one.map(({ first }) => first))
  expect(two.filter(({ first }) => numbers.has(first)).length).toBeLessThan(3)
  expect(numbers.size).toBeGreaterThan(4_998)
})

test('when numbers are drawn for many indices, then they are even, and free of their neighbours', () => {
  const draws = Array.from({ length: 100_000 }, (_, index) => generator.randomAt(42, index).next())
  const tenths = new Array<number>(10).fill(0)
  for (const drawn of draws) tenths[Math.floor(drawn * 10)]!++
  for (const tenth of tenths) expect(Math.abs(tenth - 10_000)).toBeLessThan(400)
  const rises = draws.filter((drawn, index) => drawn > (draws[index - 1] ?? 0)).length
  expect(Math.abs(rises - 50_000)).toBeLessThan(1_000)
})

test('when the numbers of a seed have been published, then they stay the same for ever', () => {
  const at = (seed: number, index: number) => {
    const random = generator.randomAt(seed, index)
    return [random.next(), random.next()].map((drawn) => drawn.toFixed(6))
  }
  expect([at(0, 0), at(1, 0), at(1, 1), at(1, 2 ** 40)]).toMatchInlineSnapshot(`
    [
      [
        "0.881447",
        "0.569479",
      ],
      [
        "0.197571",
        "0.142193",
      ],
      [
        "0.275911",
        "0.456624",
      ],
      [
        "0.909477",
        "0.173457",
      ],
    ]
  `)
})

test('when the rate is 1 000 a second, then that many come in each second, over all splits together', async () => {
  const clock = new VirtualClock()
  const spec = drawing({ ratePerSecond: 1_000, splits: 3 })
  const splits = await splitsOf(generatorSource, spec)
  const readers = [0, 1].map((subtask) => {
    const reader = new StagedSource<Drawn>(generatorSource, spec, { clock })
    reader.reader.addSplits(splits.filter(({ owner }) => owner % 2 === subtask))
    return reader
  })
  for (let second = 1; second <= 5; second++) {
    await pollFor(readers, clock, 1_000)
    const records = readers.reduce((sum, { emitted }) => sum + emitted.length, 0)
    expect(Math.abs(records - second * 1_000)).toBeLessThanOrEqual(readers.length * 11)
  }
  const next = readers.flatMap((reader) =>
    reader.positions().map(({ position }) => position as { next: number }),
  )
  for (const position of next) expect(Math.abs(position.next - 5_000 / 3)).toBeLessThanOrEqual(12)
  // It waits for a batch, not for each record.
  for (const { polls } of readers) expect(polls).toBeLessThanOrEqual(5 * 101)
})

test('when the rate is below one a second, then it wakes for each record alone', async () => {
  const clock = new VirtualClock()
  const spec = drawing({ ratePerSecond: 0.5 })
  const source = new StagedSource<Drawn>(generatorSource, spec, { clock })
  source.reader.addSplits(await splitsOf(generatorSource, spec))
  await pollFor([source], clock, 10_000)
  expect(source.emitted).toHaveLength(5)
  expect(source.polls).toBeLessThanOrEqual(7)
})

test('when it was held back for a minute, then it catches up for a second and no more', async () => {
  const clock = new VirtualClock()
  const spec = drawing({ ratePerSecond: 100 })
  const source = new StagedSource<Drawn>(generatorSource, spec, { clock })
  source.reader.addSplits(await splitsOf(generatorSource, spec))
  source.pollWhileMore()
  await clock.advance(60_000)
  source.pollWhileMore()
  expect(source.emitted).toHaveLength(100)
  await pollFor([source], clock, 1_000)
  expect(source.emitted).toHaveLength(200)
})

test('when it waits and is closed, then its timer is gone', async () => {
  const clock = new VirtualClock()
  const spec = drawing({ ratePerSecond: 1 })
  const source = new StagedSource<Drawn>(generatorSource, spec, { clock })
  source.reader.addSplits(await splitsOf(generatorSource, spec))
  expect(source.poll()).toBe('idle')
  await source.reader.close()
  await clock.advance(10_000)
  expect(source.readyCalls).toBe(0)
})

test('when make throws, then the index is named', async () => {
  const spec = generator.source({
    count: 100,
    make: (_, index) => {
      if (index === 42) throw new Error('not this one')
      return index
    },
  })
  const source = new StagedSource(generatorSource, spec)
  source.reader.addSplits(await splitsOf(generatorSource, spec))
  expect(() => source.pollWhileMore()).toThrow(/RT1601.*at index 42: not this one/)
})

test.each([
  [{ count: -1 }, 'count'],
  [{ count: 1.5 }, 'count'],
  [{ splits: 0 }, 'splits'],
  [{ ratePerSecond: 0 }, 'ratePerSecond'],
  [{ ratePerSecond: Number.NaN }, 'ratePerSecond'],
  [{ seed: 0.5 }, 'seed'],
])('when an option is wrong (%o), then the call is refused', (options, named) => {
  let thrown: unknown
  try {
    drawing(options)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(RetakeError)
  expect(thrown).toMatchObject({ code: 'RT1012', what: expect.stringContaining(named) })
})

/** Lets time pass; whoever is ready polls until it has to wait again. */
async function pollFor(
  sources: readonly StagedSource<Drawn>[],
  clock: VirtualClock,
  ms: number,
): Promise<void> {
  const heard = new Map(sources.map((source) => [source, -1]))
  for (let left = ms; left > 0; left--) {
    for (const source of sources) {
      if (heard.get(source) === source.readyCalls) continue
      heard.set(source, source.readyCalls)
      source.pollWhileMore()
    }
    await clock.advance(1)
  }
  for (const source of sources) if (heard.get(source) !== source.readyCalls) source.pollWhileMore()
}
