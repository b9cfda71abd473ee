import type { Terminal } from './terminal.js'
import { durationText } from './units.js'

/** A step that is done: `✔ bundled    jobs/clicks.ts, 61 KB  38 ms`. */
export function stepLine({ palette }: Terminal, label: string, text: string, tookMs?: number): string {
  const took = tookMs === undefined ? '' : palette.faint(`  ${durationText(tookMs)}`)
  return `${palette.good('✔')} ${label.padEnd(10)} ${text}${took}`
}

/** What is worth knowing, or what to type next. */
export function noteLine({ palette }: Terminal, text: string): string {
  return `${palette.notice('·')} ${text}`
}

/** What should not be so, and keeps nothing from going on. */
export function warningLine({ palette }: Terminal, text: string): string {
  return `${palette.notice('!')} ${text}`
}
