import type { LogEntry } from '#src/cluster/log-entry.js'
import type { Attempt } from '#src/kit/ids.js'
import type { Theme } from './disasters.js'

/**
 * What becomes of the attempts of one run when whoever directs it goes. Where nothing else goes wrong, an attempt whose
 * subtasks all run outlives any number of leaders. One that is still being deployed does not, and is not held against
 * anybody.
 */
export class AttemptRules {
  readonly #theme: Theme
  #attempt = 0
  /** The leadership under which it started, and the last one that decided a checkpoint of it. */
  #epoch = 0
  /** The newest one all of whose subtasks were seen to run. */
  #ran = 0

  constructor(theme: Theme) {
    this.#theme = theme
  }

  /** All subtasks of `attempt` run. */
  onRuns(attempt: Attempt): void {
    this.#ran = Math.max(this.#ran, attempt)
  }

  /** 'adopted': under a leader that did not start it, an attempt got on for the first time. Throws for a broken rule. */
  follow({ event }: LogEntry): 'adopted' | undefined {
    switch (event.type) {
      case 'started':
        if (this.#theme === 'leaders' && this.#ran === this.#attempt && this.#attempt > 0)
          throw new Error(
            `attempt ${this.#attempt} ran, and another leader is no reason for attempt ${event.attempt}`,
          )
        this.#attempt = event.attempt
        this.#epoch = event.epoch
        return undefined
      case 'completed': {
        if (event.attempt === 0) return undefined
        this.onRuns(event.attempt)
        const isAdopted = event.epoch > this.#epoch
        this.#epoch = event.epoch
        return isAdopted ? 'adopted' : undefined
      }
      default:
        return undefined
    }
  }
}
