import type { LogEntry } from '#src/cluster/log-entry.js'

/**
 * What may become of one run once somebody was told that it is canceled: nothing of it starts again, and whoever leads
 * from then on cancels it. Only what the leader that has promised it had decided before, and writes, may be another end.
 * That it ends at all shows in that nobody asks again.
 */
export class CancelRules {
  /** The leadership under which it was promised. */
  #promised: number | undefined

  get isPromised(): boolean {
    return this.#promised !== undefined
  }

  /** Somebody was told so; `newest` is what the log ends with. */
  onPromised(newest: LogEntry): void {
    this.#promised ??= newest.after.epoch
  }

  /** Throws for a broken rule. */
  follow({ event }: LogEntry): void {
    if (this.#promised === undefined) return
    if (event.type === 'started')
      throw new Error(`attempt ${event.attempt} starts of a run that was to be canceled`)
    if (event.type === 'ended' && event.outcome !== 'canceled' && event.epoch > this.#promised)
      throw new Error(`a run that was to be canceled has ${event.outcome}: epoch ${event.epoch} forgot it`)
  }
}
