import { bytesText, countText, durationText } from '#src/cli/units.js'
import type { Spread } from './report.js'

/** `22.1M (21.0M–22.9M)`; of one value it alone. */
export function spreadText({ median, min, max }: Spread, textOf: (value: number) => string): string {
  const [middle, least, most] = [median, min, max].map(textOf)
  return least === most ? middle! : `${middle} (${least}–${most})`
}

/** `980`, `61.3k`, `5.13M`: three digits, so that a change of a hundredth is seen. */
export function perSecondText(rate: number): string {
  const power = Math.min(3, Math.max(0, Math.floor(Math.log10(rate * 1.0005) / 3)))
  const value = rate / 1_000 ** power
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)}${['', 'k', 'M', 'G'][power]}`
}

/** `0.87`, `18.4`, `1,204`: three digits, as far as they say anything. */
export function ratioText(ratio: number): string {
  if (ratio >= 100) return countText(ratio)
  return ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2)
}

/** `0.4 ms`, `12 ms`, `850 µs`, `5.1 s` */
export function latencyText(ms: number): string {
  if (ms < 0.995) return `${Number((ms * 1_000).toPrecision(ms < 0.1 ? 2 : 3))} µs`
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : durationText(ms)
}

/** A figure by the unit that its name ends with. */
export function figureText(name: string, value: number): string {
  if (name.endsWith('Bytes')) return bytesText(value)
  if (name.endsWith('Ms') || /^(p\d+|max) /.test(name)) return latencyText(value)
  if (/Seconds$/.test(name)) return latencyText(value * 1_000)
  if (name === 'rate') return perSecondText(value)
  return Math.abs(value) < 100 && !Number.isInteger(value) ? ratioText(value) : countText(value)
}

/** `startUpSeconds` as `start up`: its unit stands behind the value. */
export function figureTitle(name: string): string {
  if (name === 'cpuSecondsPerMillion') return 'cpu s/M'
  if (name === 'rssBytes') return 'memory'
  if (name.includes(' ')) return name
  return name
    .replace(/(Bytes|Ms|Seconds)$/, '')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim()
}
