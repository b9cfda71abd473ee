import { RetakeError } from './errors.js'

/** How users write a time: milliseconds, or a number with its unit. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const WRITTEN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Milliseconds of `duration`. Throws RT1701 for what is no time, or a negative one. */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number') {
    if (Number.isFinite(duration) && duration >= 0) return duration
  } else {
    const [, amount, unit] = WRITTEN.exec(duration) ?? []
    if (amount !== undefined) return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]
  }
  throw new RetakeError('RT1701', {
    what: `${JSON.stringify(duration)} is not a duration`,
    why: 'a duration is milliseconds as a number, or a number with a unit: ms, s, m, h or d',
    fix: 'write for example 500, "500ms", "5s" or "10m"',
  })
}
