import { chartText, escaped, niceAbove, pathOf, px, type Shades, tickText } from '../support/chart.js'
import type { ChaosReport, Family, FaultRecord, Second } from './chaos-report.js'

type Charted = Pick<ChaosReport, 'series' | 'faults' | 'control' | 'durationMs'>

interface Panel {
  readonly top: number
  readonly bottom: number
  /** Pixels from the top of the drawing. */
  yOf(value: number): number
}

/** Light and dark. */
const COLOURS: Record<Family | 'due' | 'committed' | 'worst', Shades> = {
  committed: ['#0969da', '#58a6ff'],
  due: ['#8c959f', '#6e7681'],
  worst: ['#bf8700', '#e3b341'],
  killed: ['#cf222e', '#ff7b72'],
  frozen: ['#0550ae', '#79c0ff'],
  'cut off': ['#8250df', '#d2a8ff'],
  slow: ['#9a6700', '#d29922'],
  restarted: ['#1a7f37', '#56d364'],
  full: ['#57606a', '#c9d1d9'],
}
const FAMILIES = ['killed', 'frozen', 'cut off', 'slow', 'restarted', 'full'] as const satisfies Family[]

const STYLE = `.number{font-size:9px}.control{fill:var(--faint);opacity:.35}
.line.due{stroke:var(--due);stroke-dasharray:4 3}.line.committed{stroke:var(--committed)}.line.worst{stroke:var(--worst)}
.fault path{stroke:var(--mark);stroke-width:1.5}.band{fill:var(--mark);opacity:.18}.key{fill:var(--mark)}${FAMILIES.map((family) => `.${slug(family)}{--mark:var(--${slug(family)})}`).join('')}`

const WIDTH = 1_000
const HEIGHT = 510
const LEFT = 70
const RIGHT = 984
const UPPER = { top: 84, bottom: 284 }
const LOWER = { top: 324, bottom: 454 }
/** A line has at most about so many points. */
const POINTS_MAX = 300
/** Faults are numbered in the drawing while their numbers do not meet. */
const NUMBERED_MAX = 40
/** The delays that the lower panel begins with, in seconds: less is as good as that. */
const LEAST_S = 0.1

/**
 * Clicks per second over time with the faults marked, and below how late they were: an SVG that needs nothing else, for
 * light and dark pages. A band reaches from the strike of a fault to the recovery; a line alone was not got over.
 */
export function throughputChart({ series, faults, control, durationMs }: Charted): string {
  const bucketS = Math.max(1, Math.ceil(series.length / POINTS_MAX))
  const buckets = bucketsOf(series, bucketS)
  const endMs = Math.max(durationMs, series.length * 1_000)
  const xOf = (atMs: number) => LEFT + ((RIGHT - LEFT) * atMs) / endMs
  const mostClicks = niceAbove(Math.max(1, ...buckets.flatMap(({ due, committed }) => [due, committed])))
  const clicks = panel(UPPER, (value) => value / mostClicks)
  const worstS = Math.max(LEAST_S * 10, ...buckets.map(({ maxMs }) => (maxMs ?? 0) / 1_000))
  const decades = Math.ceil(Math.log10(worstS / LEAST_S))
  const delays = panel(LOWER, (s) => Math.log10(Math.max(s, LEAST_S) / LEAST_S) / decades)
  const at = ({ second }: Bucket) => xOf((second + bucketS / 2) * 1_000)
  const lineOf = (kind: string, { yOf }: Panel, value: (bucket: Bucket) => number | undefined) => {
    const points = buckets.map((bucket) => [at(bucket), value(bucket)] as const)
    return `<path class="line ${kind}" d="${pathOf(points, yOf)}"/>`
  }

  return chartText({
    width: WIDTH,
    height: HEIGHT,
    title: `Clicks per second over time, with ${faults.length} faults, and how late clicks were`,
    colours: Object.fromEntries(Object.entries(COLOURS).map(([name, shades]) => [slug(name), shades])),
    style: STYLE,
    body: [
      `<text class="heading" x="${LEFT}" y="26">Clicks per second under ${faults.length} faults</text>`,
      legend(),
      `<rect class="control" x="${LEFT}" y="${UPPER.top}" width="${px(xOf(control.durationMs) - LEFT)}" height="${UPPER.bottom - UPPER.top}"/>`,
      `<text class="small" x="${LEFT + 4}" y="${UPPER.top + 13}">load alone</text>`,
      yAxis(
        clicks,
        [0, 0.25, 0.5, 0.75, 1].map((share) => share * mostClicks),
        'clicks per second',
      ),
      yAxis(
        delays,
        Array.from({ length: decades + 1 }, (_, power) => LEAST_S * 10 ** power),
        'delay, seconds',
      ),
      xAxis(endMs, xOf),
      ...faults.map((fault) => markOf(fault, xOf, faults.length <= NUMBERED_MAX)),
      lineOf('due', clicks, ({ due }) => due),
      lineOf('committed', clicks, ({ committed }) => committed),
      lineOf('worst', delays, ({ maxMs }) => maxMs && maxMs / 1_000),
      lineOf('committed', delays, ({ p50Ms }) => p50Ms && p50Ms / 1_000),
    ],
  })
}

interface Bucket {
  readonly second: number
  /** Per second. */
  readonly due: number
  readonly committed: number
  readonly p50Ms: number | undefined
  readonly maxMs: number | undefined
}

/** Seconds taken together: rates are averages, delays the worst of the seconds. */
function bucketsOf(series: readonly Second[], bucketS: number): readonly Bucket[] {
  const buckets: Bucket[] = []
  for (let from = 0; from < series.length; from += bucketS) {
    const part = series.slice(from, from + bucketS)
    const sum = (of: (second: Second) => number) => part.reduce((all, second) => all + of(second), 0)
    const delays = part.flatMap((second) => second.delays ?? [])
    const most = (values: readonly number[]) => (values.length === 0 ? undefined : Math.max(...values))
    buckets.push({
      second: from,
      due: sum(({ due }) => due) / part.length,
      committed: sum(({ committed }) => committed) / part.length,
      p50Ms: most(delays.map(({ p50Ms }) => p50Ms)),
      maxMs: most(delays.map(({ maxMs }) => maxMs)),
    })
  }
  return buckets
}

function panel({ top, bottom }: { top: number; bottom: number }, shareOf: (value: number) => number): Panel {
  return { top, bottom, yOf: (value) => bottom - (bottom - top) * shareOf(value) }
}

function markOf(
  { number, kind, family, target, atMs, recoverMs }: FaultRecord,
  xOf: (atMs: number) => number,
  isNumbered: boolean,
): string {
  const [x, end] = [xOf(atMs), xOf(atMs + (recoverMs ?? 0))]
  const told = `#${number} ${kind}: ${target}; ${recoverMs === undefined ? 'not recovered' : `recovered after ${shownSeconds(recoverMs)} s`}`
  const bars = [UPPER, LOWER].map(({ top, bottom }) => {
    const height = bottom - top
    return `<rect class="band" x="${px(x)}" y="${top}" width="${px(end - x)}" height="${height}"/><path d="M${px(x)} ${top}v${height}"/>`
  })
  const label = isNumbered ? `<text class="number" x="${px(x)}" y="${UPPER.top - 4}">${number}</text>` : ''
  return `<g class="fault ${slug(family)}"><title>${escaped(told)}</title>${bars.join('')}${label}</g>`
}

function yAxis({ top, bottom, yOf }: Panel, ticks: readonly number[], unit: string): string {
  const lines = ticks.map(
    (tick) =>
      `<path class="grid" d="M${LEFT} ${px(yOf(tick))}H${RIGHT}"/><text class="tick" x="${LEFT - 6}" y="${px(yOf(tick) + 4)}">${tickText(tick)}</text>`,
  )
  const middle = (top + bottom) / 2
  return `${lines.join('')}<text class="unit" transform="translate(16 ${middle}) rotate(-90)">${unit}</text>`
}

function xAxis(endMs: number, xOf: (atMs: number) => number): string {
  const isLong = endMs > 5 * 60_000
  const unitMs = isLong ? 60_000 : 1_000
  const stepMs = niceAbove(endMs / unitMs / 12) * unitMs
  const ticks = Array.from({ length: Math.floor(endMs / stepMs) + 1 }, (_, index) => index * stepMs)
  const texts = ticks.map(
    (tick) =>
      `<text class="time" x="${px(xOf(tick))}" y="${LOWER.bottom + 18}">${tickText(tick / unitMs)}</text>`,
  )
  const unit = isLong ? 'minutes' : 'seconds'
  return `${texts.join('')}<text class="unit" x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 12}">${unit} since the load began</text>`
}

function legend(): string {
  const lines = [
    [LEFT, 'due', 'due'],
    [LEFT + 70, 'committed', 'in PostgreSQL; delay, median'],
    [LEFT + 290, 'worst', 'delay, worst'],
  ] as const
  const drawn = lines.map(
    ([x, kind, text]) =>
      `<path class="line ${kind}" d="M${x} 48h20"/><text class="small" x="${x + 26}" y="52">${text}</text>`,
  )
  const faults = FAMILIES.map((family, index) => {
    const x = LEFT + 480 + index * 74
    return `<g class="fault ${slug(family)}"><rect class="key" x="${x}" y="42" width="10" height="10"/></g><text class="small" x="${x + 14}" y="52">${family}</text>`
  })
  return [...drawn, ...faults].join('\n')
}

function slug(name: string): string {
  return name.replaceAll(' ', '-')
}

function shownSeconds(durationMs: number): string {
  return (durationMs / 1_000).toFixed(1)
}
