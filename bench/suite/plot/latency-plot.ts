import { pathOf, px } from '../../../test/support/chart.js'
import type { ContenderReport } from '../report.js'
import type { Percentiles, Sample } from '../sample.js'
import { coloursOf } from './palette.js'
import { LEFT, RIGHT, type Subject, sheetText } from './sheet.js'

const PANEL = 320
/** Solid for what is waited for first, then dashed in different ways. */
const DASHES = ['', '7 4', '2 3', '9 3 2 3']

const STYLE = '.line{stroke-width:2}'

interface Curve {
  readonly contender: string
  readonly awaited: string
  readonly points: readonly (readonly [percentile: number, ms: number])[]
}

/** Latency by percentile, the rare and slow ones given as much room as the many: what one in ten, in a hundred … waits. */
export function latencyPlot(subject: Subject): string | undefined {
  const { contenders } = subject.benchmark
  const curves = contenders.flatMap(curvesOf)
  if (curves.length === 0) return undefined
  const colours = coloursOf(contenders.map(({ name }) => name))
  const awaited = [...new Set(curves.map((curve) => curve.awaited))]
  const strokeOf = (curve: Curve) =>
    `stroke="var(--${colours.get(curve.contender)})" stroke-dasharray="${DASHES[awaited.indexOf(curve.awaited) % DASHES.length]}"`
  const rareness = Math.max(
    1,
    ...curves.flatMap(({ points }) => points.map(([percentile]) => nines(percentile))),
  )
  const xOf = (percentile: number) => LEFT + ((RIGHT - LEFT) * nines(percentile)) / rareness
  const values = curves.flatMap(({ points }) => points.map(([, ms]) => ms)).filter((ms) => ms > 0)
  const ticks = latencyTicks(Math.min(...values), Math.max(...values))
  const [low, high] = [Math.log10(ticks[0]!), Math.log10(ticks.at(-1)!)]
  return sheetText(subject, {
    reading:
      'latency by percentile, from the planned send time, in the round with the median p99; both axes are logarithmic',
    keys: curves.map((curve) => ({
      text: contenders.length > 1 ? `${curve.contender}, ${curve.awaited}` : curve.awaited,
      mark: `<path class="line" ${strokeOf(curve)} d="M0 0h20"/>`,
    })),
    style: STYLE,
    draw(top) {
      const bottom = top + PANEL
      const yOf = (ms: number) =>
        bottom - (PANEL * (Math.log10(Math.max(ms, ticks[0]!)) - low)) / (high - low)
      return {
        marks: [
          ...ticks.map(
            (tick) =>
              `<path class="grid" d="M${LEFT} ${px(yOf(tick))}H${RIGHT}"/><text class="tick" x="${LEFT - 8}" y="${px(yOf(tick) + 4)}">${tickText(tick)}</text>`,
          ),
          ...percentileTicks(rareness).map(
            (percentile) =>
              `<path class="grid" d="M${px(xOf(percentile))} ${top}V${bottom}"/><text class="time" x="${px(xOf(percentile))}" y="${bottom + 18}">${percentile} %</text>`,
          ),
          ...curves.map((curve) => {
            const points = curve.points.map(([percentile, ms]) => [xOf(percentile), ms] as const)
            return `<path class="line" ${strokeOf(curve)} d="${pathOf(points, yOf)}"/>`
          }),
          `<text class="unit" x="${(LEFT + RIGHT) / 2}" y="${bottom + 38}">percentile</text>`,
        ],
        bottom: bottom + 46,
      }
    },
  })
}

function curvesOf({ name, samples }: ContenderReport): readonly Curve[] {
  return Object.keys(samples[0]!.latency ?? {}).flatMap((awaited): Curve[] => {
    const { curve, n, max } = typicalOf(samples, awaited)
    if (curve === undefined || n === 0) return []
    // The longest is at 100 %, which has no place on this axis: it is drawn where one in so many is.
    const points = [...curve.filter(([percentile]) => percentile < 100), [100 - 50 / n, max] as const]
    return [{ contender: name, awaited, points }]
  })
}

/** Of the round with the median p99; of two the slower one. */
function typicalOf(samples: readonly Sample[], awaited: string): Percentiles {
  const all = samples.flatMap(({ latency }) => latency?.[awaited] ?? [])
  return all.sort((a, b) => a.p99 - b.p99)[Math.floor(all.length / 2)]!
}

/** 90 is one, 99 two, 99.9 three. */
function nines(percentile: number): number {
  return -Math.log10(1 - percentile / 100)
}

function percentileTicks(rareness: number): readonly number[] {
  const rare = Array.from({ length: Math.floor(rareness) }, (_, index) =>
    Number((100 - 10 ** (1 - index)).toFixed(Math.max(0, index - 1))),
  )
  return [0, 50, ...rare]
}

/** Powers of ten around all values, and 2 and 5 times them where there are few. */
function latencyTicks(least: number, most: number): readonly number[] {
  const decades = Math.log10(most / least)
  const factors = decades > 4 ? [1] : decades > 2.5 ? [1, 3] : [1, 2, 5]
  const all: number[] = []
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++)
    for (const factor of factors) all.push(factor * 10 ** power)
  const [from, to] = [all.findLastIndex((tick) => tick <= least), all.findIndex((tick) => tick >= most)]
  return all.slice(from, Math.max(to, from + 1) + 1)
}

/** `200 µs`, `5 ms`, `100 s` */
function tickText(ms: number): string {
  const [value, unit] = ms < 1 ? [ms * 1_000, 'µs'] : ms < 1_000 ? [ms, 'ms'] : [ms / 1_000, 's']
  return `${Number(value.toPrecision(2))} ${unit}`
}
