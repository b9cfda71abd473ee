import type { Outcome } from '#src/cluster/log-entry.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { NodeId } from '#src/kit/ids.js'
import type { JobAttempt } from './job-attempt.js'

/** What an attempt that is being stopped makes way for. */
export type After = 'restart' | { readonly outcome: Outcome; readonly error: ErrorInfo | undefined }

/**
 * Knows what still keeps an attempt that is being stopped from being over: slots that are not closed, and before a restart
 * its delay. Whatever is decided next waits for that, so that nothing of two attempts runs at once.
 */
export class AttemptStop {
  readonly #attempt: JobAttempt | undefined
  /** Parallel indices of slots that are not known to be closed. */
  #closing: ReadonlySet<number>
  #after: After
  #isDue: boolean

  /**
   * @param attempt undefined: nothing has been started
   * @param isDue a restart waits for no delay
   */
  constructor(attempt: JobAttempt | undefined, after: After, isDue: boolean) {
    this.#attempt = attempt
    this.#closing = new Set(attempt?.toClose())
    this.#after = after
    this.#isDue = isDue
  }

  onSlotClosed(index: number): void {
    this.#closing = new Set([...this.#closing].filter((each) => each !== index))
  }

  /** Nobody on `node` closes a slot any more: all that ran there has ended. */
  onLost(node: NodeId): void {
    const { slots } = this.#attempt ?? { slots: [] }
    this.#closing = new Set([...this.#closing].filter((index) => slots[index]?.node !== node))
  }

  /** The delay of the restart is over. */
  onDue(): void {
    this.#isDue = true
  }

  /** No restart follows. False: none would have, and the job ends as it was going to. */
  endsWith(after: Exclude<After, 'restart'>): boolean {
    if (this.#after !== 'restart') return false
    this.#after = after
    return true
  }

  /** What comes now; undefined while something is waited for. */
  get next(): After | undefined {
    if (this.#closing.size > 0) return undefined
    if (this.#after !== 'restart') return this.#after
    // Until it is known whether the log has its start, nobody knows the number of the next one.
    return this.#isDue && this.#attempt?.start !== 'proposed' ? 'restart' : undefined
  }
}
