import { describe, expect, test } from 'vitest'
import { PLAIN } from '#src/cli/palette.js'
import { type Change, type Comparison, compared, isRegression } from '../../../bench/suite/comparison.js'
import { comparisonText } from '../../../bench/suite/comparison-text.js'
import type { Report } from '../../../bench/suite/report.js'
import type { Sample } from '../../../bench/suite/sample.js'
import { benchmarkOf, contenderOf, reportOf } from './made-up.js'

const NOISE = [1, 1.02, 0.98, 1.01, 0.99]

describe('rates', () => {
  test.each<[string, number, readonly number[], Change['verdict'], boolean]>([
    ['a fifth is gained', 1.2, NOISE, 'better', false],
    ['a fifth is lost', 0.8, NOISE, 'worse', true],
    ['nothing has changed', 1, NOISE, 'undecided', false],
    ['less is lost than the bound', 0.97, NOISE, 'undecided', false],
    ['a fifth is lost within noise of a half', 0.8, [1, 1.5, 0.6, 1.3, 0.7], 'undecided', false],
    ['half is lost in two rounds', 0.5, [1, 1.01], 'too few rounds', false],
  ])('when %s, then that is said', (_, factor, noise, verdict, is) => {
    const comparison = comparisonOf(
      noise.map((wave) => 100 * wave),
      noise.map((wave) => 100 * wave * factor),
    )

    expect(rateOf(comparison)).toMatchObject({ verdict })
    expect(rateOf(comparison).ratio.ratio).toBeCloseTo(factor, 5)
    expect(isRegression(comparison)).toBe(is)
  })

  test('when a bound is given, then that is the one', () => {
    const [before, after] = [NOISE.map((wave) => 100 * wave), NOISE.map((wave) => 80 * wave)]

    expect(isRegression(comparisonOf(before, after, 0.15))).toBe(true)
    expect(isRegression(comparisonOf(before, after, 0.25))).toBe(false)
  })

  test('when the same reports are compared again, then the interval is the same, and it holds the ratio', () => {
    const [before, after] = [
      [90, 100, 110, 105, 95],
      [100, 120, 110, 130, 90],
    ]
    const { ratio } = rateOf(comparisonOf(before, after))

    expect(rateOf(comparisonOf(before, after)).ratio).toEqual(ratio)
    expect(ratio.ratio).toBeCloseTo(1.1, 9)
    expect(ratio.low).toBeLessThan(1.1)
    expect(ratio.low).toBeGreaterThanOrEqual(90 / 110)
    expect(ratio.high).toBeGreaterThan(1.1)
    expect(ratio.high).toBeLessThanOrEqual(130 / 90)
  })

  test('when all of them are slower on a slow day, then their ratio to the first shows it', () => {
    const day = (speed: number) =>
      reportOf({
        benchmarks: [
          benchmarkOf({
            contenders: [
              contenderOf(
                'bare loop',
                NOISE.map((wave) => 100 * wave * speed),
              ),
              contenderOf(
                'retake',
                NOISE.map((wave) => 80 * wave * speed),
              ),
            ],
          }),
        ],
      })
    const [first, second] = ratesOf(compared(day(1), day(0.5), 0.05))

    expect(first).not.toHaveProperty('relative')
    expect(second).toMatchObject({ verdict: 'worse', ratio: { ratio: 0.5 } })
    expect(second?.relative?.ratio).toBeCloseTo(1, 9)
  })
})

describe('what less of is better', () => {
  const percentiles = { n: 1, p50: 1, p99: 12, p999: 20, max: 20 }
  test.each<[string, (factor: number) => Partial<Sample>]>([
    ['cpuSecondsPerMillion', (factor) => ({ cpuSeconds: 3 * factor })],
    ['rssBytes', (factor) => ({ rssBytes: 1e8 * factor })],
    ['p99 to sink', (factor) => ({ latency: { 'to sink': { ...percentiles, p99: 12 * factor } } })],
  ])('when there is more of %s, then that is worse, and less is better', (figure, sampleOf) => {
    const verdictAt = (factor: number) =>
      changesOf(
        compared(
          withSamples(() => sampleOf(1)),
          withSamples(() => sampleOf(factor)),
          0.05,
        ),
      ).find((change) => change.figure === figure)?.verdict

    expect([verdictAt(1.3), verdictAt(0.7), verdictAt(1.01)]).toEqual(['worse', 'better', 'undecided'])
  })

  test('when a figure is the benchmark’s own, then its change is told and not judged', () => {
    const startsIn = (seconds: number) => withSamples(() => ({ figures: { startUpSeconds: seconds } }))
    const comparison = compared(startsIn(1), startsIn(3), 0.05)

    expect(changesOf(comparison).at(-1)).toMatchObject({
      ...{ figure: 'startUpSeconds', before: 1, after: 3, verdict: 'for information' },
    })
    expect(isRegression(comparison)).toBe(false)
  })

  test('when records were lost, then that is a regression, however fast', () => {
    const ledger = { produced: 10, accounted: 9, lost: 1, duplicated: 0 }
    const comparison = compared(
      withSamples(),
      withSamples((round) => (round === 3 ? { ledger } : {})),
      0.05,
    )

    expect(comparison.benchmarks[0]?.remarks).toEqual([
      { text: 'retake lost records or counted some twice', isRegression: true },
    ])
    expect(isRegression(comparison)).toBe(true)
  })
})

describe('what is not in both', () => {
  const [one, two] = [contenderOf('retake', [10, 10, 10]), contenderOf('flink', [5, 5, 5])]
  const [both, alone] = [[one, two], [one]].map((contenders) =>
    reportOf({ benchmarks: [benchmarkOf({ contenders })] }),
  ) as [Report, Report]

  test('when a contender is missing, then that is told and no regression', () => {
    for (const [before, after, which] of [
      [both, alone, 'A'],
      [alone, both, 'B'],
    ] as const) {
      const comparison = compared(before, after, 0.05)
      expect(comparison.benchmarks[0]?.remarks).toEqual([
        { text: `flink is only in ${which}`, isRegression: false },
      ])
      expect(changesOf(comparison).map(({ contender }) => contender)).toEqual(['retake'])
      expect(isRegression(comparison)).toBe(false)
    }
  })

  test('when a benchmark is missing, then that is told', () => {
    const comparison = compared(both, reportOf({ benchmarks: [] }), 0.05)

    expect(comparison.benchmarks[0]?.remarks).toEqual([{ text: 'is only in A', isRegression: false }])
  })

  test('when a benchmark fails that did not, then that is a regression', () => {
    const failures = [{ name: 'made-up', error: 'out of luck' }]
    const comparison = compared(both, reportOf({ benchmarks: [], failures }), 0.05)

    expect(comparison.benchmarks[0]?.remarks).toEqual([{ text: 'failed: out of luck', isRegression: true }])
    expect(isRegression(comparison)).toBe(true)
    expect(
      isRegression(compared(reportOf({ benchmarks: [] }), reportOf({ benchmarks: [], failures }), 0.05)),
    ).toBe(false)
  })
})

describe('what makes reports incomparable', () => {
  const { machine, code } = reportOf()
  test.each<[string, Partial<Report>, string]>([
    ['the processor', { machine: { ...machine, cpu: 'MOS 6502' } }, 'processor: Z80, then MOS 6502'],
    ['the number of cores', { machine: { ...machine, cores: 8 } }, 'cores: 2, then 8'],
    ['memory', { machine: { ...machine, memoryBytes: 3e10 } }, 'memory: 8.0 GB, then 27.9 GB'],
    [
      'a setting',
      { benchmarks: [benchmarkOf({ configuration: { turns: 9 } })] },
      'made-up: turns was 1000, then 9',
    ],
    [
      'a setting that is new',
      { benchmarks: [benchmarkOf({ configuration: { turns: 1_000, balls: 2 } })] },
      'made-up: balls was undefined, then 2',
    ],
  ])('when %s differs, then so', (_, change, obstacle) => {
    expect(compared(reportOf(), reportOf(change), 0.05).obstacles).toEqual([obstacle])
  })

  test('when only Node differs, or a little memory, then they are compared, and Node is told', () => {
    const later = { machine: { ...machine, memoryBytes: machine.memoryBytes - 4_096 } }
    const comparison = compared(reportOf(), reportOf({ ...later, code: { ...code, node: '24.1.0' } }), 0.05)

    expect(comparison.obstacles).toEqual([])
    expect(comparison.notices).toEqual(['Node 20.20.2, then 24.1.0'])
  })

  test('when the machine was busy or the code was changed, then that is told', () => {
    const busy = reportOf({ machine: { ...machine, loadBefore: 1.5 }, code: { ...code, isDirty: true } })

    expect(compared(reportOf(), busy, 0.05).notices).toEqual([
      'code that was not committed: what was measured is not known for sure',
      'the machine was busy before it began: load 1.5',
    ])
  })
})

test('when a comparison is shown, then each change has its interval and its verdict', () => {
  const slower = benchmarkOf({
    contenders: [
      contenderOf('bare loop', [100, 102, 98, 101, 99]),
      contenderOf('retake', [60, 61, 59, 60, 60]),
    ],
  })
  const lines = comparisonText(compared(reportOf(), reportOf({ benchmarks: [slower] }), 0.05), 0.05, PLAIN)
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '))

  expect(lines).toContain('bare loop turns/s 100 100 1.00 (0.97–1.03) - no change shown')
  expect(lines).toContain('retake turns/s 80.0 60.0 0.75 (0.74–0.76) 0.75 (0.74–0.76) worse')
})

function comparisonOf(before: readonly number[], after: readonly number[], bound = 0.05): Comparison {
  const [a, b] = [before, after].map((rates) =>
    reportOf({ benchmarks: [benchmarkOf({ contenders: [contenderOf('retake', rates)] })] }),
  )
  return compared(a!, b!, bound)
}

function withSamples(sampleOf: (round: number) => Partial<Sample> = () => ({})): Report {
  const contenders = [contenderOf('retake', [10, 10, 10, 10, 10], sampleOf)]
  return reportOf({ benchmarks: [benchmarkOf({ contenders })] })
}

function changesOf({ benchmarks }: Comparison): readonly Change[] {
  return benchmarks.flatMap(({ changes }) => changes)
}

function ratesOf(comparison: Comparison): readonly Change[] {
  return changesOf(comparison).filter(({ figure }) => figure === 'rate')
}

function rateOf(comparison: Comparison): Change {
  return ratesOf(comparison)[0]!
}
