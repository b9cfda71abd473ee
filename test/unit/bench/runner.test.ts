import { describe, expect, test } from 'vitest'
import type { Benchmark, Contest, Target } from '../../../bench/suite/benchmark.js'
import { run } from '../../../bench/suite/runner.js'
import type { Sample } from '../../../bench/suite/sample.js'

const { signal } = new AbortController()
const full = { scale: 'full', signal } as const

test('when three contenders are measured, then in turn, and each comes first in its round', async () => {
  const order: string[] = []
  const contender = (name: string) => ({
    name,
    async measure() {
      order.push(name)
      return { count: 1, seconds: 1 }
    },
  })
  await run(benchmarkOf({ contenders: ['a', 'b', 'c'].map(contender) }), { ...full, rounds: 4 })

  expect(order.join('')).toBe('abcbcacababc')
})

test('when rounds are not said, then there are five, or those of the benchmark; in a check at most two', async () => {
  const contest = { contenders: [steady('a', 1)] }
  const roundsOf = async (rounds: number | undefined, scale: 'full' | 'check') => {
    const report = await run({ ...benchmarkOf(contest), ...(rounds && { rounds }) }, { scale, signal })
    return report.contenders[0]?.samples.length
  }

  expect(await roundsOf(undefined, 'full')).toBe(5)
  expect(await roundsOf(3, 'full')).toBe(3)
  expect(await roundsOf(undefined, 'check')).toBe(2)
  expect(await roundsOf(1, 'check')).toBe(1)
})

test('when rates differ between rounds, then the report has their median and the extremes', async () => {
  const report = await run(benchmarkOf({ contenders: [steady('a', 30, 10, 20)] }), { ...full, rounds: 3 })

  expect(report.contenders[0]?.rate).toEqual({ median: 20, min: 10, max: 30 })
})

test('when there are two rounds, then the median is between them', async () => {
  const report = await run(benchmarkOf({ contenders: [steady('a', 10, 20)] }), { ...full, rounds: 2 })

  expect(report.contenders[0]?.rate).toEqual({ median: 15, min: 10, max: 20 })
})

describe('targets', () => {
  const ratio = (aim: number, floor?: number): Target => ({
    kind: 'ratio',
    of: 'fast',
    over: 'slow',
    aim,
    ...(floor !== undefined && { floor }),
  })

  test('when a machine slows down over the rounds, then ratios are those within a round', async () => {
    const [target] = await targetsOf([ratio(2)], [steady('slow', 100, 50, 10), steady('fast', 200, 100, 20)])

    expect(target).toMatchObject({ found: { median: 2, min: 2, max: 2 }, isMet: true })
    expect(target?.target).toBe('fast has 2 of the rate of slow')
  })

  test('when the median misses the aim and the best round keeps the floor, then that is what is said', async () => {
    const contenders = [steady('slow', 10, 10, 10), steady('fast', 11, 12, 16)]

    const [target] = await targetsOf([ratio(1.5, 1.6)], contenders)
    expect(target).toMatchObject({ isMet: false, floor: 1.6, isKept: true })

    const [other] = await targetsOf([ratio(1.5, 1.7)], contenders)
    expect(other).toMatchObject({ isMet: false, isKept: false })
  })

  test('when there is no floor, then nothing is said of one', async () => {
    const [target] = await targetsOf([ratio(9)], [steady('slow', 1), steady('fast', 1)])

    expect(target).not.toHaveProperty('isKept')
  })

  test.each<[string, number, boolean, boolean]>([
    ['stopMs', 19, true, true],
    ['p99 to sink', 4, true, true],
    ['p99 to sink', 2, false, false],
    ['cpuSecondsPerMillion', 200_000, true, true],
    ['rssBytes', 63, false, true],
  ])('when %s may be at most %d, then it is found by its name', async (figure, aim, isMet, isKept) => {
    const percentiles = { n: 1, p50: 1, p99: 3, p999: 4, max: 4 }
    const sample = (rssBytes: number): Sample => ({
      ...{ count: 10, seconds: 1, cpuSeconds: 2, rssBytes },
      latency: { 'to sink': percentiles },
      figures: { stopMs: 18 },
    })
    const samples = [sample(64), sample(65), sample(60)]
    const contender = { name: 'a', measure: async () => samples.shift()! }
    const target: Target = { kind: 'at-most', of: 'a', figure, aim, floor: aim }

    expect(await targetsOf([target], [contender])).toEqual([expect.objectContaining({ isMet, isKept })])
  })

  test('when a contender is absent, then what is promised of it is not judged', async () => {
    const contest = { contenders: [steady('fast', 1)], absent: [{ name: 'slow', why: 'no Java' }] }
    const report = await run(benchmarkOf({ ...contest, targets: [ratio(2)] }), full)

    expect(report.targets).toEqual([])
    expect(report.absent).toEqual([{ name: 'slow', why: 'no Java' }])
  })

  test('when a target is about nobody, or about what is not measured, then that is an error', async () => {
    const nobody = run(benchmarkOf({ contenders: [steady('fast', 1)], targets: [ratio(2)] }), full)
    await expect(nobody).rejects.toThrow('a target is about "slow", and no contender has that name')

    const figure: Target = { kind: 'at-least', of: 'fast', figure: 'p99 to sink', aim: 1 }
    const unknown = run(benchmarkOf({ contenders: [steady('fast', 1)], targets: [figure] }), full)
    await expect(unknown).rejects.toThrow('a target is about p99 to sink, and fast does not tell it')
  })

  test('when a record is lost in one round, then that breaks a promise that nobody had to make', async () => {
    const ledgers = [0, 1, 0].map((lost) => ({ produced: 9, accounted: 9 - lost, lost, duplicated: 0 }))
    const measure = async () => ({ count: 1, seconds: 1, ledger: ledgers.shift()! })
    const report = await run(benchmarkOf({ contenders: [{ name: 'a', measure }] }), { ...full, rounds: 3 })

    expect(report.targets).toEqual([
      {
        target: 'a loses none and counts none twice',
        ...{ aim: 0, found: { median: 0, min: 0, max: 1 }, isMet: false, isKept: false },
      },
    ])
  })

  async function targetsOf(targets: readonly Target[], contenders: Contest['contenders']) {
    return (await run(benchmarkOf({ contenders, targets }), { ...full, rounds: 3 })).targets
  }
})

describe('whatever happens', () => {
  test('when a contender throws, then what was prepared is disposed of, and the error is its own', async () => {
    const { contest, disposals } = disposable({
      name: 'a',
      measure: () => Promise.reject(new Error('out of luck')),
    })

    await expect(run(benchmarkOf(contest), full)).rejects.toThrow('out of luck')
    expect(disposals).toHaveLength(1)
  })

  test('when all goes well, then what was prepared is disposed of once', async () => {
    const { contest, disposals } = disposable(steady('a', 1))
    await run(benchmarkOf(contest), full)

    expect(disposals).toHaveLength(1)
  })

  test.each<[string, (act: () => void) => void]>([
    ['as a round begins', (act) => act()],
    ['in a round', (act) => setImmediate(act)],
  ])('when it is interrupted %s, then it does not wait for the round, and disposes', async (_, when) => {
    const interruption = new AbortController()
    const { contest, disposals } = disposable({
      name: 'a',
      measure() {
        when(() => interruption.abort(new Error('Ctrl-C')))
        return new Promise(() => {})
      },
    })

    await expect(run(benchmarkOf(contest), { ...full, signal: interruption.signal })).rejects.toThrow(
      'Ctrl-C',
    )
    expect(disposals).toHaveLength(1)
  })

  test('when a contender did nothing, then that is no rate but an error', async () => {
    const idle = { name: 'idle', measure: async () => ({ count: 0, seconds: 2 }) }

    await expect(run(benchmarkOf({ contenders: [idle] }), full)).rejects.toThrow('idle did 0 in 2 s')
  })

  test('when no contender can be had, then nothing is measured and the report says who was missed', async () => {
    const absent = [{ name: 'flink', why: 'no Java' }]
    const report = await run(benchmarkOf({ contenders: [], absent }), full)

    expect(report).toMatchObject({ contenders: [], absent })
  })

  function disposable(contender: Contest['contenders'][number]) {
    const disposals: true[] = []
    const dispose = async () => void disposals.push(true)
    return { disposals, contest: { contenders: [contender], dispose } }
  }
})

function benchmarkOf(contest: Omit<Contest, 'configuration'>): Benchmark {
  return {
    ...{ name: 'made-up', question: 'Does it run?', unit: 'turns' },
    prepare: async () => ({ configuration: {}, ...contest }),
  }
}

/** Whose rates are these, round by round, and over again. */
function steady(name: string, ...rates: number[]) {
  let round = 0
  return { name, measure: async () => ({ count: rates[round++ % rates.length]!, seconds: 1 }) }
}
