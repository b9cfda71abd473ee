import type { Played } from './players.js'

/** Adds up what was played. */
export class Tally {
  played = 0
  failed = 0
  readonly #wanted: number
  readonly #hit = { faults: 0, decisions: 0, restores: 0, commits: 0 }
  readonly #counts = new Map<string, number>()
  #idle = 0
  #words = 0
  #virtualMs = 0
  #tookMs = 0

  constructor(wanted: number) {
    this.#wanted = wanted
  }

  add({ verdict, tookMs }: Played): void {
    this.played++
    this.#tookMs += tookMs
    if (verdict === undefined || verdict.violations.length > 0) this.failed++
    if (verdict === undefined) return
    const { hit, counts, words, virtualMs } = verdict
    for (const what of ['faults', 'decisions', 'restores', 'commits'] as const) this.#hit[what] += hit[what]
    if (Object.values(hit).includes(0)) this.#idle++
    for (const [event, times] of counts) this.#counts.set(event, (this.#counts.get(event) ?? 0) + times)
    this.#words += words
    this.#virtualMs += virtualMs
  }

  progress(tookMs: number): string {
    return `${this.played} of ${this.#wanted} played, ${this.failed} failed, ${perSecond(this.played, tookMs)}`
  }

  report(tookMs: number, threads: number): readonly string[] {
    const { faults, decisions, restores, commits } = this.#hit
    const adoptions = this.#counts.get('hit adopted') ?? 0
    return [
      '',
      `${this.played} seeds in ${(tookMs / 1_000).toFixed(1)} s on ${threads} ${threads === 1 ? 'core' : 'cores'}: ${perSecond(this.played, this.#tookMs)} a core`,
      `${(this.#virtualMs / 3_600_000).toFixed(1)} hours of virtual time, ${(this.#virtualMs / this.#tookMs).toFixed(0)} times as fast as real; ${this.#words} words`,
      `${faults} faults; ${decisions} checkpoints decided, ${restores} attempts restored, ${commits} commits, ${adoptions} adoptions`,
      `${this.#idle} seeds whose faults met no decision, no restore or no commit: they count for nothing`,
      ...this.#faultLines(),
    ]
  }

  #faultLines(): string[] {
    return [...this.#counts]
      .filter(([event]) => event.startsWith('fault '))
      .sort(([, a], [, b]) => b - a)
      .map(([event, times]) => `  ${String(times).padStart(7)} ${event.slice('fault '.length)}`)
  }
}

function perSecond(count: number, ms: number): string {
  return `${((count / Math.max(ms, 1)) * 1_000).toFixed(1)} seeds a second`
}
