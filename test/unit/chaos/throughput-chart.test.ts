import { expect, test } from 'vitest'
import type { Second } from '../../chaos/chaos-report.js'
import { throughputChart } from '../../chaos/throughput-chart.js'
import { faultOf, reportOf } from './found.js'

const PLOT = { left: 70, right: 984, top: 84, bottom: 284 }

test('when it is drawn, then it has a title, units, a legend, and colours for light and dark', () => {
  const chart = throughputChart(reportOf())

  for (const text of ['clicks per second', 'delay, seconds', 'seconds since the load began', 'load alone'])
    expect(chart).toContain(`>${text}</text>`)
  for (const family of ['killed', 'frozen', 'cut off', 'slow', 'restarted', 'full', 'due'])
    expect(chart).toContain(`>${family}</text>`)
  expect(chart).toContain('<title id="title">Clicks per second over time, with 3 faults')
  expect(chart).toContain('prefers-color-scheme:dark')
})

test('when every tag is counted, then each that opens closes', () => {
  const chart = throughputChart(reportOf({ faults: [faultOf(1, { target: 'a <b> & c' })] }))
  const open: string[] = []
  for (const [, closes, name, rest] of chart.matchAll(/<(\/?)([a-z]+)([^>]*)>/g)) {
    if (closes) expect(open.pop()).toBe(name)
    else if (!rest?.endsWith('/')) open.push(name ?? '')
  }
  expect(open).toEqual([])
  expect(chart).toContain('a &lt;b&gt; &amp; c')
})

test('when a fault is got over, then a band reaches from its strike to its recovery', () => {
  const [band] = bandsOf(throughputChart(reportOf({ faults: [faultOf(3, { recoverMs: 6_000 })] })))

  // Half of the minute has passed, and a tenth follows.
  expect(band?.x).toBeCloseTo((PLOT.left + PLOT.right) / 2, 0)
  expect(band?.width).toBeCloseTo((PLOT.right - PLOT.left) / 10, 0)
})

test('when a fault is not got over, then it has a line and no band', () => {
  const chart = throughputChart(reportOf({ faults: [faultOf(3, { recoverMs: undefined })] }))

  expect(bandsOf(chart)[0]?.width).toBe(0)
  expect(chart).toContain('not recovered')
})

test('when PostgreSQL is given nothing for a while, then the line falls to the bottom', () => {
  const series = reportOf().series.map((row) => (row.second === 30 ? { ...row, committed: 0 } : row))
  const heights = heightsOf(throughputChart(reportOf({ series })), 'committed')

  expect(heights).toHaveLength(60)
  expect(heights.filter((y) => y === PLOT.bottom)).toHaveLength(1)
  expect(heights[30]).toBe(PLOT.bottom)
})

test('when rates are drawn, then the highest is inside, and no lower than half of the height', () => {
  const series = reportOf().series.map((row) => (row.second === 9 ? { ...row, committed: 6_100 } : row))
  const highest = Math.min(...heightsOf(throughputChart(reportOf({ series })), 'committed'))

  expect(highest).toBeGreaterThanOrEqual(PLOT.top)
  expect(highest).toBeLessThan((PLOT.top + PLOT.bottom) / 2)
})

test('when a run is long, then seconds are taken together: rates are averages', () => {
  const second = (n: number): Second => ({
    second: n,
    due: 0,
    committed: n % 2 === 0 ? 200 : 0,
    delays: undefined,
  })
  const series = Array.from({ length: 1_800 }, (_, n) => second(n))
  const chart = throughputChart(reportOf({ series, durationMs: 1_800_000 }))
  const heights = heightsOf(chart, 'committed')

  expect(heights).toHaveLength(300)
  expect(new Set(heights).size).toBe(1)
  expect(chart).toContain('minutes since the load began')
})

test('when no click was due, then the line of delays has a gap', () => {
  const series = reportOf().series.map((row) => (row.second === 30 ? { ...row, delays: undefined } : row))
  const [, path] = /class="line worst" d="(M[^"]*L[^"]*)"/.exec(throughputChart(reportOf({ series }))) ?? []

  expect(path?.match(/M/g)).toHaveLength(2)
})

test('when nothing was measured, then there is still a drawing', () => {
  const chart = throughputChart(reportOf({ series: [], faults: [] }))

  expect(chart).toContain('</svg>')
  expect(chart).not.toContain('NaN')
  expect(chart).not.toContain('Infinity')
})

function bandsOf(chart: string): { x: number; width: number }[] {
  return [...chart.matchAll(/class="band" x="([\d.]+)" y="\d+" width="([\d.]+)"/g)].map(([, x, width]) => ({
    x: Number(x),
    width: Number(width),
  }))
}

/** Of the line in the upper panel: the first of its kind, but for the legend's. */
function heightsOf(chart: string, kind: string): number[] {
  const lines = [...chart.matchAll(new RegExp(`class="line ${kind}" d="(M[^"]*)"`, 'g'))].map(
    ([, d]) => d ?? '',
  )
  const line = lines.find((d) => d.includes('L')) ?? ''
  return [...line.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y))
}
