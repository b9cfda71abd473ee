import type { Fact } from './demo-stage.js'
import type { Palette } from './palette.js'

/** The lines that the demonstration is told in: a sign, a name, and what there is to say, always at one place. */
const NAME = 15

export function factLine({ name, text }: Fact, palette: Palette): string {
  return `${palette.good('✔')} ${name.padEnd(NAME)}${text}`
}

export function crashLine({ name, text }: Fact, palette: Palette): string {
  return `${palette.bad(`✘ ${name.padEnd(NAME)}`)}${text}`
}

/** More of what the line above says. */
export function moreLine(text: string): string {
  return `${' '.repeat(NAME + 2)}${text}`
}

/** A step of a recovery; `took` is empty when it is no moment of its own. */
export function stepLine(took: string, { name, text }: Fact, palette: Palette): string {
  return `  ${palette.strong(took.padStart(8))}  ${palette.notice(name.padEnd(9))} ${text}`
}
