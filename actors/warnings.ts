import type { Clock } from '#src/kit/clock.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'

/** Passes a warning on, and the next of the same code only after a while: a lane says one for each message. */
export class Warnings {
  readonly #clock: Clock
  readonly #tell: (error: ErrorInfo) => void
  readonly #toldAt = new Map<string | undefined, number>()

  constructor(clock: Clock, tell: (error: ErrorInfo) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  onWarning(error: ErrorInfo): void {
    const [now, toldAt] = [this.#clock.now(), this.#toldAt.get(error.code)]
    if (toldAt !== undefined && now - toldAt < LIMITS.warnAgainMs) return
    this.#toldAt.set(error.code, now)
    this.#tell(error)
  }
}
