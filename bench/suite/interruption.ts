import { EXIT, type ExitCode } from '#src/cli/exit-code.js'

const STATUS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const
type Signal = keyof typeof STATUS

/**
 * The first SIGINT or SIGTERM aborts, so that what is under way is disposed of; the second ends the process, and only
 * what is done at `exit` is done.
 */
export class Interruption {
  readonly #controller = new AbortController()
  readonly #onSignal = (name: Signal) => {
    if (this.signal.aborted) process.exit(STATUS[name])
    this.#controller.abort(STATUS[name])
  }

  constructor() {
    for (const name of Object.keys(STATUS)) process.on(name, this.#onSignal)
  }

  /** Its reason is the exit code. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What this process ends with, if it was interrupted. */
  get status(): ExitCode | undefined {
    return this.signal.aborted ? this.signal.reason : undefined
  }

  /** From now on signals end the process at once: for what has nothing to dispose of, and no time to hear of them. */
  lift(): void {
    for (const name of Object.keys(STATUS)) process.off(name, this.#onSignal)
  }
}
