import { niceAbove, px } from '../../../test/support/chart.js'
import { perSecondText } from '../figure-text.js'

/** Rates from 0 to a round number above the highest. */
export interface RateAxis {
  readonly end: number
  readonly ticks: readonly number[]
}

export function rateAxis(highest: number, ticksMost: number): RateAxis {
  const step = niceAbove(highest / ticksMost)
  const count = Math.ceil(highest / step)
  return { end: step * count, ticks: Array.from({ length: count + 1 }, (_, index) => index * step) }
}

/** `2M` rather than `2.00M`: ticks are round. */
export function rateTick(rate: number): string {
  return rate === 0 ? '0' : perSecondText(rate).replace(/^[\d.]+/, (digits) => String(Number(digits)))
}

/** Lines across a panel from `left` to `right`, each with its rate at the left. */
export function rateLines(
  { ticks }: RateAxis,
  yOf: (rate: number) => number,
  left: number,
  right: number,
): readonly string[] {
  return ticks.map(
    (tick) =>
      `<path class="grid" d="M${left} ${px(yOf(tick))}H${right}"/><text class="tick" x="${left - 8}" y="${px(yOf(tick) + 4)}">${rateTick(tick)}</text>`,
  )
}
