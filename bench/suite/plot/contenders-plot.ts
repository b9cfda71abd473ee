import { escaped, px } from '../../../test/support/chart.js'
import { perSecondText, ratioText } from '../figure-text.js'
import type { ContenderReport } from '../report.js'
import { rateOf } from '../sample.js'
import { spreadOf } from '../spread.js'
import { coloursOf, isOurs } from './palette.js'
import { rateAxis, rateTick } from './rate-axis.js'
import { linesOf, RIGHT, type Subject, sheetText, WIDTH, widthOf } from './sheet.js'

const ROW = 46
const BAR = 22
const NAME_MOST = 230
/** Room for what stands behind a bar. */
const VALUE = 150

const STYLE = `.name{text-anchor:end}.whisker{stroke:var(--ink);stroke-width:1.5;fill:none}.bar{opacity:.85}
.value{font-weight:600;paint-order:stroke;stroke:var(--page);stroke-width:5px}`

/** Rates side by side, each with its spread and its ratio to the first. */
export function contendersPlot(subject: Subject): string {
  const { contenders, unit } = subject.benchmark
  const first = contenders[0]!
  const colours = coloursOf(contenders.map(({ name }) => name))
  // Where all are ours they are told apart by what stands beside them.
  const colourOf = (name: string) => (contenders.some(isOurs) ? colours.get(name)! : 'blue')
  const rounds = first.samples.length
  const names = contenders.map(({ name }) => linesOf(name, NAME_MOST))
  const left = 36 + Math.max(...names.flat().map((line) => widthOf(line)))
  const axis = rateAxis(Math.max(...contenders.map(({ rate }) => rate.max)), 6)
  const xOf = (rate: number) => left + ((RIGHT - VALUE - left) * rate) / axis.end
  return sheetText(subject, {
    reading: `${unit} per second: the median of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, the worst and the best at the ends of the line, and the ratio to ${first.name} in the same round`,
    style: STYLE,
    draw(top) {
      const bottom = top + contenders.length * ROW
      const bars = contenders.map((contender, index) => {
        const middle = top + index * ROW + ROW / 2
        return [
          ...nameTexts(names[index]!, left - 12, middle),
          barOf(contender, first, colourOf(contender.name), middle, xOf),
        ].join('')
      })
      const ticks = axis.ticks.map(
        (tick) =>
          `<path class="grid" d="M${px(xOf(tick))} ${top}V${bottom}"/><text class="time" x="${px(xOf(tick))}" y="${bottom + 18}">${rateTick(tick)}</text>`,
      )
      const label = `<text class="unit" x="${px((left + RIGHT - VALUE) / 2)}" y="${bottom + 38}">${escaped(unit)} per second</text>`
      return { marks: [...ticks, ...bars, label], bottom: bottom + 46 }
    },
  })
}

function nameTexts(lines: readonly string[], x: number, middle: number): string[] {
  return lines.map(
    (line, index) =>
      `<text class="name" x="${px(x)}" y="${px(middle + 4 + (index - (lines.length - 1) / 2) * 15)}">${escaped(line)}</text>`,
  )
}

function barOf(
  { samples, rate }: ContenderReport,
  first: ContenderReport,
  colour: string,
  middle: number,
  xOf: (rate: number) => number,
): string {
  const ratios = samples.map((sample, round) => rateOf(sample) / rateOf(first.samples[round]!))
  const [low, high] = [px(xOf(rate.min)), px(xOf(rate.max))]
  const value = `${perSecondText(rate.median)} · ${ratioText(spreadOf(ratios).median)} ×`
  const behind = Math.min(WIDTH - 8 - widthOf(value), xOf(rate.max) + 10)
  return [
    `<rect class="bar" fill="var(--${colour})" x="${px(xOf(0))}" y="${px(middle - BAR / 2)}" width="${px(xOf(rate.median) - xOf(0))}" height="${BAR}"/>`,
    `<path class="whisker" d="M${low} ${px(middle)}H${high}M${low} ${px(middle - 5)}v10M${high} ${px(middle - 5)}v10"/>`,
    `<text class="value" x="${px(behind)}" y="${px(middle + 4)}">${value}</text>`,
  ].join('')
}
