import type { AttemptEnd, AttemptRecord } from '../cluster/run-history.js'
import type { Palette } from './palette.js'
import { clipped, tableText } from './table.js'
import { ageText } from './units.js'

const COLUMNS = [
  { title: 'ATTEMPT', isNumber: true },
  { title: 'FROM', isNumber: true },
  { title: 'STARTED', isNumber: true },
  { title: 'ENDED', isNumber: true },
  { title: 'BECAUSE' },
] as const
const REASON_WIDTH = 56

/** @param now time of day, milliseconds since 1970 */
export function attemptTable(attempts: readonly AttemptRecord[], now: number, palette: Palette): string {
  const rows = attempts.map(({ attempt, from, startedAt, ended }) => ({
    cells: [
      String(attempt),
      String(from),
      startedAt === undefined ? undefined : `${ageText(now - startedAt)} ago`,
      ended === undefined ? undefined : `${ageText(now - ended.at)} ago`,
      ended === undefined ? '' : endText(ended, palette),
    ],
  }))
  return tableText(COLUMNS, rows, palette)
}

function endText({ how, reason }: AttemptEnd, palette: Palette): string {
  const words = how === 'given-up' ? 'given up' : how
  // The message of a user's error may have lines.
  const line = reason?.replaceAll(/\s+/g, ' ')
  const text = clipped(line === undefined ? words : `${words}: ${line}`, REASON_WIDTH)
  if (how === 'finished') return palette.good(text)
  return how === 'failed' ? palette.bad(text) : text
}
