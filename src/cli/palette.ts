/** Colours by what they mean here. */
export interface Palette {
  good(text: string): string
  bad(text: string): string
  notice(text: string): string
  strong(text: string): string
  faint(text: string): string
}

const painted =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`

const COLORED: Palette = {
  good: painted(32, 39),
  bad: painted(31, 39),
  notice: painted(33, 39),
  strong: painted(1, 22),
  faint: painted(2, 22),
}

const asItIs = (text: string): string => text

export const PLAIN: Palette = { good: asItIs, bad: asItIs, notice: asItIs, strong: asItIs, faint: asItIs }

export interface ColorQuestion {
  readonly isTerminal: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** NO_COLOR and FORCE_COLOR are as they are everywhere; FORCE_COLOR=0 is a no. */
export function paletteFor({ isTerminal, environment }: ColorQuestion): Palette {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment
  if (NO_COLOR !== undefined && NO_COLOR !== '') return PLAIN
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR === '0' ? PLAIN : COLORED
  return isTerminal && TERM !== 'dumb' ? COLORED : PLAIN
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

/** `text` cut to `columns` visible characters, colours whole. */
export function fitted(text: string, columns: number): string {
  let visible = 0
  let result = ''
  let at = 0
  for (const sequence of [...text.matchAll(ESCAPES), undefined]) {
    const plain = text.slice(at, sequence?.index)
    const taken = plain.slice(0, Math.max(0, columns - visible))
    result += taken + (sequence?.[0] ?? '')
    visible += taken.length
    at = sequence === undefined ? text.length : sequence.index + sequence[0].length
  }
  return result
}

/** Without its colours. */
export function plainText(text: string): string {
  return text.replaceAll(ESCAPES, '')
}
