import type { Shades } from '../../../test/support/chart.js'

/** Contenders in the order in which they come; told apart by those who see few colours, too. */
const OTHERS: Readonly<Record<string, Shades>> = {
  orange: ['#bc4c00', '#f0883e'],
  green: ['#1a7f37', '#56d364'],
  purple: ['#8250df', '#d2a8ff'],
  teal: ['#1b7c83', '#39c5cf'],
  brown: ['#9a6700', '#e3b341'],
  grey: ['#57606a', '#8b949e'],
}
/** Whoever is ours has the same colour in every picture. */
const OURS: Readonly<Record<string, Shades>> = {
  blue: ['#0969da', '#58a6ff'],
  sky: ['#54aeff', '#a5d6ff'],
  navy: ['#0a3069', '#1f6feb'],
}

export const COLOURS: Readonly<Record<string, Shades>> = {
  ...OURS,
  ...OTHERS,
  alarm: ['#cf222e', '#ff7b72'],
  muted: ['#57606a', '#8b949e'],
}

/** A colour for each name. */
export function coloursOf(names: readonly string[]): ReadonlyMap<string, string> {
  const [ours, others] = [Object.keys(OURS), Object.keys(OTHERS)]
  const taken = { ours: 0, others: 0 }
  return new Map(
    names.map((name) => [
      name,
      isOurs({ name }) ? ours[taken.ours++ % ours.length]! : others[taken.others++ % others.length]!,
    ]),
  )
}

/** As contenders are named: `retake`, `retake, forced over NATS`. */
export function isOurs({ name }: { readonly name: string }): boolean {
  return name.startsWith('retake')
}
