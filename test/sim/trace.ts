import type { VirtualClock } from '#src/kit/virtual-clock.js'

/**
 * What happens in a simulated world, one line an event:
 *
 *     12345.678 tm-1  db  applied  click_counts piece r1/0/7/0
 *     time, ms  who   where it happens, what, and what of
 *
 * Events are counted always, lines are made only when somebody reads them.
 */
export class Trace {
  readonly counts = new Map<string, number>()
  readonly #clock: VirtualClock
  readonly #onLine: ((line: string) => void) | undefined

  constructor(clock: VirtualClock, onLine?: (line: string) => void) {
    this.#clock = clock
    this.#onLine = onLine
  }

  /** Whether anybody reads lines: what is costly to tell is told only then. */
  get isRead(): boolean {
    return this.#onLine !== undefined
  }

  /**
   * @param who the process, or the server
   * @param event `<where> <what>`, of a small fixed set: it is counted
   * @param about the rest of the line; must be the same for the same seed
   */
  add(who: string, event: string, about = ''): void {
    this.counts.set(event, this.count(event) + 1)
    this.#onLine?.(
      `${this.#clock.now().toFixed(3).padStart(11)} ${who.padEnd(6)} ${event.padEnd(20)} ${about}`.trimEnd(),
    )
  }

  count(event: string): number {
    return this.counts.get(event) ?? 0
  }
}
