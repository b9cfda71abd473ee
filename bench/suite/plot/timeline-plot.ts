import { escaped, niceAbove, pathOf, px, tickText } from '../../../test/support/chart.js'
import type { ContenderReport } from '../report.js'
import { rateOf, type Sample, type Timeline } from '../sample.js'
import { coloursOf } from './palette.js'
import { type RateAxis, rateAxis, rateLines } from './rate-axis.js'
import { type Key, LEFT, RIGHT, type Subject, sheetText } from './sheet.js'

const PANEL = 150
const GAP = 34
/** Of the first panel, for its name. */
const ABOVE = 24
/** Fewer, as of a check, are no course. */
const WINDOWS_LEAST = 5

const STYLE = `.warm-up{fill:var(--faint);opacity:.45}.checkpoint{fill:var(--muted);opacity:.3}
.checkpoint-line{stroke:var(--muted);stroke-dasharray:2 3}.kill-line{stroke:var(--alarm);stroke-width:2}.kill{fill:var(--alarm)}
.recovered-line{stroke:var(--green);stroke-width:2;stroke-dasharray:5 3}.name{font-weight:600}.line{stroke-width:1.8}`

interface Track {
  readonly name: string
  readonly timeline: Timeline
}

/** How the rates went over time, a panel for each contender, checkpoints and kills marked. */
export function timelinePlot(subject: Subject): string | undefined {
  const tracks = subject.benchmark.contenders.flatMap((contender): Track[] => {
    const { timeline } = typicalOf(contender)
    if (timeline === undefined || timeline.rates.length < WINDOWS_LEAST) return []
    const endSeconds = timeline.windowSeconds * timeline.rates.length
    const events = timeline.events?.filter(({ at }) => at <= endSeconds) ?? []
    return [{ name: contender.name, timeline: { ...timeline, events } }]
  })
  if (tracks.length === 0) return undefined
  const { unit, contenders } = subject.benchmark
  const colours = coloursOf(contenders.map(({ name }) => name))
  const axis = rateAxis(Math.max(1, ...tracks.flatMap(({ timeline }) => timeline.rates)), 4)
  const endSeconds = Math.max(...tracks.map(({ timeline }) => timeline.windowSeconds * timeline.rates.length))
  const xOf = (seconds: number) => LEFT + ((RIGHT - LEFT) * seconds) / endSeconds
  return sheetText(subject, {
    reading: `${unit} per second over time, in the round with the median rate`,
    keys: keysOf(tracks),
    style: STYLE,
    draw(top) {
      const panels = tracks.map((track, index) =>
        panelOf(track, colours.get(track.name)!, axis, top + ABOVE + index * (PANEL + GAP), xOf),
      )
      const bottom = top + ABOVE + tracks.length * (PANEL + GAP) - GAP
      return { marks: [...panels, ...timeTexts(endSeconds, xOf, bottom)], bottom: bottom + 46 }
    },
  })
}

/** Of the median round; of two the slower one. */
function typicalOf({ samples }: ContenderReport): Sample {
  return [...samples].sort((a, b) => rateOf(a) - rateOf(b))[Math.ceil(samples.length / 2) - 1]!
}

function keysOf(tracks: readonly Track[]): readonly Key[] {
  const kinds = new Set(tracks.flatMap(({ timeline: { events = [] } }) => events.map(({ kind }) => kind)))
  const isPartial = tracks.some(
    ({ timeline: { rates, steady } }) => steady[0] > 0 || steady[1] < rates.length,
  )
  return [
    ...(isPartial
      ? [{ text: 'does not count', mark: '<rect class="warm-up" y="-8" width="20" height="16"/>' }]
      : []),
    ...(kinds.has('checkpoint')
      ? [
          {
            text: 'checkpoint, from its barrier to its completion',
            mark: '<rect class="checkpoint" x="4" y="-8" width="12" height="16"/><path class="checkpoint-line" d="M4 -8v16"/>',
          },
        ]
      : []),
    ...(kinds.has('kill')
      ? [
          {
            text: 'killed',
            mark: '<path class="kill-line" d="M10 -8v16"/><path class="kill" d="M5 -8h10l-5 7z"/>',
          },
        ]
      : []),
    ...(kinds.has('recovered')
      ? [{ text: 'recovered', mark: '<path class="recovered-line" d="M10 -8v16"/>' }]
      : []),
  ]
}

function panelOf(
  { name, timeline }: Track,
  colour: string,
  axis: RateAxis,
  top: number,
  xOf: (seconds: number) => number,
): string {
  const { windowSeconds, rates, steady } = timeline
  const yOf = (rate: number) => top + PANEL * (1 - rate / axis.end)
  const at = (window: number) => xOf(window * windowSeconds)
  const points = rates.map((rate, window) => [at(window + 0.5), rate] as const)
  const outside = [
    [0, steady[0]],
    [steady[1], rates.length],
  ] as const
  return [
    ...outside
      .filter(([from, to]) => to > from)
      .map(
        ([from, to]) =>
          `<rect class="warm-up" x="${px(at(from))}" y="${px(top)}" width="${px(at(to) - at(from))}" height="${PANEL}"/>`,
      ),
    ...rateLines(axis, yOf, LEFT, RIGHT),
    ...eventMarks(timeline, top, xOf),
    `<path class="line" stroke="var(--${colour})" d="${pathOf(points, yOf)}"/>`,
    `<text class="name" x="${LEFT}" y="${px(top - 8)}">${escaped(name)}</text>`,
  ].join('')
}

function eventMarks({ events = [] }: Timeline, top: number, xOf: (seconds: number) => number): string[] {
  return events.map(({ at, kind, seconds = 0 }) => {
    const x = px(xOf(at))
    const line = `<path class="${kind}-line" d="M${x} ${px(top)}v${PANEL}"/>`
    if (kind === 'kill') return `${line}<path class="kill" d="M${px(xOf(at) - 5)} ${px(top)}h10l-5 7z"/>`
    if (kind === 'recovered') return line
    const width = Math.max(1, xOf(at + seconds) - xOf(at))
    return `<rect class="checkpoint" x="${x}" y="${px(top)}" width="${px(width)}" height="${PANEL}"/>${line}`
  })
}

function timeTexts(endSeconds: number, xOf: (seconds: number) => number, bottom: number): string[] {
  const step = niceAbove(endSeconds / 12)
  const ticks = Array.from({ length: Math.floor(endSeconds / step + 1e-9) + 1 }, (_, index) => index * step)
  return [
    ...ticks.map(
      (tick) => `<text class="time" x="${px(xOf(tick))}" y="${bottom + 18}">${tickText(tick)}</text>`,
    ),
    `<text class="unit" x="${(LEFT + RIGHT) / 2}" y="${bottom + 38}">seconds</text>`,
  ]
}
