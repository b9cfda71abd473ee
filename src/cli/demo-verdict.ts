import type { Palette } from './palette.js'
import { countText } from './units.js'

/** What the database holds beside what it must hold. */
export interface Verdict {
  readonly isExact: boolean
  readonly users: number
  readonly exactUsers: number
  /** Clicks that must be there. */
  readonly clicks: number
  /** Clicks that are missing, over all users that have too few. */
  readonly lost: number
  /** Clicks too many, over all users that have them. */
  readonly repeated: number
  /** The busiest by what must be there. */
  readonly busiest: readonly { readonly user: string; readonly found: number; readonly expected: number }[]
}

/** Compares user by user, those that only one side knows included. */
export function verdictOf(
  expected: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
  shown = 10,
): Verdict {
  const users = new Set([...expected.keys(), ...found.keys()])
  const rows = [...users].map((user) => ({
    user,
    found: found.get(user) ?? 0,
    expected: expected.get(user) ?? 0,
  }))
  const sumOf = (of: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + of(row), 0)
  const exactUsers = rows.filter((row) => row.found === row.expected).length
  return {
    isExact: exactUsers === rows.length,
    users: rows.length,
    exactUsers,
    clicks: sumOf((row) => row.expected),
    lost: sumOf((row) => Math.max(0, row.expected - row.found)),
    repeated: sumOf((row) => Math.max(0, row.found - row.expected)),
    busiest: rows.sort((a, b) => b.expected - a.expected || a.user.localeCompare(b.user)).slice(0, shown),
  }
}

/** A table of the busiest users, and the verdict below it. */
export function verdictLines(verdict: Verdict, crashes: number, palette: Palette): string[] {
  const { isExact, users, exactUsers, clicks, lost, repeated, busiest } = verdict
  const row = (user: string, found: string, expected: string, sign: string) =>
    `  ${user.padEnd(14)}${found.padStart(12)}${expected.padStart(12)}  ${sign}`.trimEnd()
  const survived = crashes === 1 ? '1 crash' : `${crashes} crashes`
  return [
    palette.faint(row('busiest users', 'PostgreSQL', 'oracle', '')),
    ...busiest.map(({ user, found, expected }) => {
      const sign = found === expected ? palette.good('✔') : palette.bad('✘')
      return row(user, countText(found), countText(expected), sign)
    }),
    '',
    isExact
      ? `${palette.good('✔')} ${palette.strong('exactly once')}: ${countText(clicks)} clicks of ${countText(users)} users, none lost, none twice, through ${survived}`
      : `${palette.bad('✘')} ${palette.strong('not exact')}: ${countText(exactUsers)} of ${countText(users)} users are; ${countText(lost)} clicks lost, ${countText(repeated)} counted twice`,
  ]
}
