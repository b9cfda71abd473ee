import type { Finding } from './doctor-finding.js'
import type { Palette } from './palette.js'
import { counted } from './units.js'
import { wrapped } from './wrapped.js'

const NAME = 17
const LABEL = 6
const WIDTH = 100

/**
 * Findings as lines:
 *
 *     ✔ nats             nats://127.0.0.1:4222  v2.9.10  rtt 0.20 ms
 *     ✘ max-payload      RT1504 the nats-server takes messages of at most 65536 bytes
 *                        why   frames of a channel may have 1044480 bytes
 *                        fix   set max_payload: 1048576
 *     · skipped          because max-payload failed: jetstream, storage
 */
function findingLines(finding: Finding, palette: Palette): string[] {
  const { check, status, code, what, why, fix } = finding
  const head = code === undefined ? what : `${code} ${what}`
  const [first = '', ...more] = wrapped(head, WIDTH - NAME - 2)
  const text = status === 'failed' ? palette.bad : (it: string) => it
  return [
    `${markOf(status, palette)} ${check.padEnd(NAME)}${text(first)}`,
    ...more.map((line) => indented(text(line))),
    ...reason('why', why, palette),
    ...reason('fix', fix, palette),
  ]
}

/** Findings as they come; what is left out for one reason is one line. */
export class FindingLines {
  readonly #palette: Palette
  readonly #write: (lines: readonly string[]) => void
  #skipped: Finding[] = []

  constructor(palette: Palette, write: (lines: readonly string[]) => void) {
    this.#palette = palette
    this.#write = write
  }

  on(finding: Finding): void {
    if (this.#skipped[0]?.what !== finding.what) this.end()
    if (finding.status === 'skipped') this.#skipped.push(finding)
    else this.#write(findingLines(finding, this.#palette))
  }

  /** What is still held back. */
  end(): void {
    const [first] = this.#skipped
    if (first === undefined) return
    const names = this.#skipped.map(({ check }) => check).join(', ')
    const text = wrapped(`${first.what}: ${names}`, WIDTH - NAME - 2).map((line) => this.#palette.faint(line))
    this.#skipped = []
    this.#write([
      `${markOf('skipped', this.#palette)} ${'skipped'.padEnd(NAME)}${text[0]}`,
      ...text.slice(1).map(indented),
    ])
  }
}

/** `1 problem, 2 warnings` */
export function totalText({ problems, warnings }: Totals): string {
  return `${counted(problems, 'problem', 'problems')}, ${counted(warnings, 'warning', 'warnings')}`
}

export interface Totals {
  readonly problems: number
  readonly warnings: number
}

export function totalsOf(findings: readonly Finding[]): Totals {
  const countOf = (wanted: Finding['status']) => findings.filter(({ status }) => status === wanted).length
  return { problems: countOf('failed'), warnings: countOf('warning') }
}

function markOf(status: Finding['status'], palette: Palette): string {
  if (status === 'ok') return palette.good('✔')
  if (status === 'warning') return palette.notice('!')
  return status === 'failed' ? palette.bad('✘') : palette.faint('·')
}

function reason(label: string, text: string | undefined, palette: Palette): string[] {
  if (text === undefined) return []
  const lines = wrapped(text, WIDTH - NAME - 2 - LABEL)
  return lines.map((line, i) => indented(`${palette.faint((i === 0 ? label : '').padEnd(LABEL))}${line}`))
}

function indented(text: string): string {
  return `${' '.repeat(NAME + 2)}${text}`
}
