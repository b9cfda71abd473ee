import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Histogram } from '../../../bench/suite/histogram.js'
import { contendersPlot } from '../../../bench/suite/plot/contenders-plot.js'
import { latencyPlot } from '../../../bench/suite/plot/latency-plot.js'
import { writePlots } from '../../../bench/suite/plot/plots.js'
import { rateTick } from '../../../bench/suite/plot/rate-axis.js'
import { timelinePlot } from '../../../bench/suite/plot/timeline-plot.js'
import type { BenchmarkReport } from '../../../bench/suite/report.js'
import type { Sample, Timeline } from '../../../bench/suite/sample.js'
import { benchmarkOf, contenderOf, reportOf } from './made-up.js'

const TIMELINE: Timeline = {
  windowSeconds: 1,
  rates: [40, 100, 100, 0, 160, 100, 100, 100, 60, 100],
  steady: [1, 9],
  events: [
    { at: 2, kind: 'checkpoint', seconds: 0.5 },
    { at: 3, kind: 'kill' },
    { at: 4, kind: 'recovered' },
  ],
}
const LATENCY = { 'to sink': latencies(1, 10_000), 'to commit': latencies(1_000, 10_000) }
const PANEL = { left: 76, right: 836 }

describe('every picture', () => {
  const subject = subjectOf(
    contenderOf('retake <b> & c', [80, 81, 79], () => ({ timeline: TIMELINE, latency: LATENCY })),
    contenderOf('flink', [40, 41, 39], () => ({ timeline: TIMELINE, latency: LATENCY })),
  )
  test.each([
    ['rates', contendersPlot],
    ['timeline', timelinePlot],
    ['latency', latencyPlot],
  ])(
    'when it is %s, then each tag that opens closes, names are escaped, and numbers are numbers',
    (_, plot) => {
      const picture = plot(subject)!
      const open: string[] = []
      for (const [, closes, name, rest] of picture.matchAll(/<(\/?)([a-z]+)([^>]*)>/g)) {
        if (closes) expect(open.pop()).toBe(name)
        else if (!rest?.endsWith('/')) open.push(name ?? '')
      }
      expect(open).toEqual([])
      expect(picture).toContain('retake &lt;b&gt; &amp; c')
      expect(picture).not.toMatch(/NaN|Infinity|undefined/)
      expect(picture).toContain('prefers-color-scheme:dark')
      expect(textsOf(picture)).toContain('Does it run?')
      expect(textsOf(picture).at(-1)).toBe(
        '2 × Z80 · 8.0 GB · Linux 6.1 · load before 0.10 · retake 0.1.0 (abcdef012345) · node 20.20.2',
      )
    },
  )

  test('when its colours are looked at, then each is there for light and for dark, and ours is blue', () => {
    const picture = timelinePlot(subject)!
    for (const [, colour] of picture.matchAll(/var\(--([a-z]+)\)/g))
      expect(picture.match(new RegExp(`--${colour}:#`, 'g'))).toHaveLength(2)
    expect(
      picture.match(/class="line" stroke="var\(--([a-z]+)\)"/g)?.map((line) => line.slice(27, -2)),
    ).toEqual(['blue', 'orange'])
  })

  test('when its texts are looked at, then none is smaller than 11 pixels', () => {
    for (const plot of [contendersPlot, timelinePlot, latencyPlot])
      for (const [, size] of plot(subject)!.matchAll(/font(?:-size)?:(\d+)px/g))
        expect(Number(size)).toBeGreaterThanOrEqual(11)
  })
})

describe('rates', () => {
  const picture = contendersPlot(
    subjectOf(contenderOf('one', [100, 80, 110]), contenderOf('retake', [200, 200, 165])),
  )

  test('when bars are drawn, then they are as long as the medians, and the lines reach to the extremes', () => {
    const [first, second] = [...picture.matchAll(/class="bar"[^>]* width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    )
    expect(second! / first!).toBeCloseTo(2, 1)

    const [from, to] = [...picture.matchAll(/class="whisker" d="M([\d.]+) [\d.]+H([\d.]+)/g)][0]!
      .slice(1)
      .map(Number)
    expect((to! - from!) / first!).toBeCloseTo(0.3, 1)
  })

  test('when values are written, then with the ratio of the same round, its median', () => {
    expect(textsOf(picture)).toContain('100 · 1.00 ×')
    expect(textsOf(picture)).toContain('200 · 2.00 ×')
  })

  test('when the axis is read, then it begins at 0, is round, and has its unit', () => {
    expect(textsOf(picture)).toEqual(
      expect.arrayContaining(['0', '50', '100', '150', '200', 'turns per second']),
    )
  })
})

test.each([
  [0, '0'],
  [50, '50'],
  [250_000, '250k'],
  [1_500_000, '1.5M'],
  [2_000_000, '2M'],
])('when a tick is at %d, then it is written with no digit too many', (rate, text) => {
  expect(rateTick(rate)).toBe(text)
})

describe('the timeline', () => {
  test('when the rate falls to nothing, then the line falls to the bottom, in that second', () => {
    const points = [...lineOf(timelinePlot(subjectOf(timed(80)))!)]
    const bottom = Math.max(...points.map(([, y]) => y))

    expect(points).toHaveLength(10)
    expect(points.filter(([, y]) => y === bottom).map(([x]) => x)).toEqual([xAt(3.5)])
  })

  test('when windows do not count, then they are shaded: before and behind', () => {
    const shaded = rectsOf(timelinePlot(subjectOf(timed(80)))!, 'warm-up')

    expect(shaded).toEqual([
      [PANEL.left, xAt(1) - PANEL.left],
      [xAt(9), xAt(1) - PANEL.left],
    ])
  })

  test('when something happened, then it is marked where it did, and told', () => {
    const picture = timelinePlot(subjectOf(timed(80)))!

    expect(rectsOf(picture, 'checkpoint')).toEqual([[xAt(2), (PANEL.right - PANEL.left) / 20]])
    expect(picture).toContain(`class="kill-line" d="M${xAt(3)} `)
    expect(picture).toContain(`class="recovered-line" d="M${xAt(4)} `)
    for (const text of ['killed', 'recovered', 'does not count']) expect(textsOf(picture)).toContain(text)
  })

  test('when rounds differ, then the one with the median rate is drawn', () => {
    const rates = [60, 100, 80]
    const contender = contenderOf('retake', rates, (round) => ({
      timeline: { ...TIMELINE, rates: Array(5).fill(rates[round]!), steady: [0, 5], events: [] },
    }))
    const picture = timelinePlot(subjectOf(contender))!

    expect(textsOf(picture)).toContain('80')
    expect(lineOf(picture)[0]?.[1]).toBe(topOf(picture))
  })

  test('when something happened behind the last window, then it has no place', () => {
    const events = [{ at: 11, kind: 'kill' }] as const
    const late = contenderOf('retake', [80], () => ({ timeline: { ...TIMELINE, events } }))

    expect(textsOf(timelinePlot(subjectOf(late))!)).not.toContain('killed')
  })

  test('when nobody tells how it went, or it was over at once, then there is no picture', () => {
    expect(timelinePlot(subjectOf(contenderOf('retake', [1])))).toBeUndefined()

    const short: Timeline = { windowSeconds: 0.5, rates: [1, 2, 2, 1], steady: [1, 3] }
    expect(timelinePlot(subjectOf(contenderOf('retake', [1], () => ({ timeline: short }))))).toBeUndefined()
  })

  const timed = (rate: number) => contenderOf('retake', [rate], () => ({ timeline: TIMELINE }))
  const xAt = (second: number) => PANEL.left + ((PANEL.right - PANEL.left) * second) / 10
  /** The lowest of all y, of the line across the top. */
  const topOf = (picture: string) =>
    Math.min(...[...picture.matchAll(/class="grid" d="M\d+ ([\d.]+)H/g)].map(([, y]) => Number(y)))
})

describe('latency', () => {
  test('when 90, 99 and 99.9 % are marked, then as far apart from each other', () => {
    const picture = latencyPlot(subjectOf(waiting()))!
    const xOf = (percentile: string) =>
      Number(new RegExp(`x="([\\d.]+)" y="[\\d.]+">${percentile.replace('.', '\\.')} %<`).exec(picture)?.[1])

    expect(xOf('0')).toBe(PANEL.left)
    expect(xOf('99') - xOf('90')).toBeCloseTo(xOf('90') - xOf('0'), 0)
    expect(xOf('99.9') - xOf('99')).toBeCloseTo(xOf('90') - xOf('0'), 0)
  })

  test('when two things are waited for, then each has its line: one colour, two kinds', () => {
    const picture = latencyPlot(subjectOf(waiting()))!

    expect(textsOf(picture)).toEqual(expect.arrayContaining(['to sink', 'to commit']))
    expect(
      [...picture.matchAll(/stroke="var\(--([a-z]+)\)" stroke-dasharray="([^"]*)" d="M\d{2,}/g)].map((line) =>
        line.slice(1),
      ),
    ).toEqual([
      ['blue', ''],
      ['blue', '7 4'],
    ])
  })

  test('when one in ten thousand waits longest, then the line ends with it, at the right', () => {
    const [[, y] = []] = lineOf(latencyPlot(subjectOf(waiting()))!)
    const [x, last] = lineOf(latencyPlot(subjectOf(waiting()))!).at(-1)!

    expect(x).toBe(PANEL.right)
    expect(last).toBeLessThan(y!)
  })

  test('when nobody waits, then there is no picture', () => {
    expect(latencyPlot(subjectOf(contenderOf('retake', [1])))).toBeUndefined()
  })

  const waiting = () => contenderOf('retake', [80], () => ({ latency: LATENCY }))
})

test('when pictures are written, then those that there is something for, named after benchmark and kind', async () => {
  const alone = benchmarkOf({
    name: 'alone',
    contenders: [contenderOf('retake', [1], (): Partial<Sample> => ({ timeline: TIMELINE }))],
  })
  const absent = benchmarkOf({ name: 'absent', contenders: [] })
  const parent = mkdtempSync(join(tmpdir(), 'retake-plots-'))
  const folder = join(parent, 'deep')
  try {
    const written = await writePlots(reportOf({ benchmarks: [benchmarkOf(), alone, absent] }), folder)

    expect(written).toEqual(['made-up-rates.svg', 'alone-timeline.svg'])
    expect(readdirSync(folder).sort()).toEqual([...written].sort())
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
})

function subjectOf(...contenders: BenchmarkReport['contenders'][number][]) {
  return { ...reportOf(), benchmark: benchmarkOf({ contenders }) }
}

function textsOf(picture: string): string[] {
  return [...picture.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '')
}

/** Of the first line that is no key. */
function lineOf(picture: string): (readonly [x: number, y: number])[] {
  const [, path = ''] = /class="line"[^>]* d="(M[^"]*L[^"]*)"/.exec(picture) ?? []
  return [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const)
}

/** Below the keys. */
function rectsOf(picture: string, kind: string): (readonly [x: number, width: number])[] {
  return [
    ...picture.matchAll(new RegExp(`class="${kind}" x="([\\d.]+)" y="\\d[^"]*" width="([\\d.]+)"`, 'g')),
  ].map(([, x, width]) => [Number(x), Number(width)] as const)
}

/** From `least` up, one of them ten times as long as the others at most. */
function latencies(least: number, times: number) {
  const histogram = new Histogram()
  for (let i = 0; i < times; i++) histogram.record(least * (1 + i / times))
  histogram.record(least * 20)
  return histogram.percentiles()
}
