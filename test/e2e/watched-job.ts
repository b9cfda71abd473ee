import type { JobEvent, JobMetrics } from '#actors/job-event.js'
import type { JobEnd, JobHandle } from '#actors/node.js'
import type { ErrorInfo } from '#src/kit/errors.js'

/** A job and all that has been heard of it. */
export class WatchedJob {
  readonly handle: JobHandle
  readonly events: JobEvent[] = []
  readonly #waiting = new Set<() => void>()

  constructor(handle: JobHandle) {
    this.handle = handle
    handle.follow((event) => {
      this.events.push(event)
      for (const look of this.#waiting) look()
    })
  }

  /** What it fails for, once it has failed. */
  async failed(): Promise<{ error: ErrorInfo; end: JobEnd }> {
    const end = await this.handle.ended
    if (end.outcome !== 'failed' || end.error === undefined) throw new Error(`the job has ${end.outcome}`)
    return { error: end.error, end }
  }

  async finished(): Promise<void> {
    const { outcome, error } = await this.handle.ended
    if (outcome !== 'finished') throw new Error(`the job has ${outcome}: ${error?.message}`)
  }

  /** Ends it if it has not ended; one whose node was stopped cannot hear. */
  async giveUp(): Promise<void> {
    if (this.events.at(-1)?.type === 'ended') return
    await this.handle.cancel().then(
      () => this.handle.ended,
      () => undefined,
    )
  }

  /** Failures so far, with what the restart strategy made of each. */
  get failures(): readonly Extract<JobEvent, { type: 'failure' }>[] {
    return this.events.filter((event) => event.type === 'failure')
  }

  /** The last that were told. */
  get metrics(): JobMetrics | undefined {
    return this.events.findLast((event) => event.type === 'metrics')?.metrics
  }

  /** Attempts that have begun. */
  get attempts(): number {
    return this.events.filter(({ type }) => type === 'attempt').length
  }

  /** The first event, of those to come or of all, that `isWanted`; rejects when the job ends without it. */
  async event(isWanted: (event: JobEvent) => boolean, from: 'now' | 'beginning' = 'now'): Promise<JobEvent> {
    let at = from === 'now' ? this.events.length : 0
    return new Promise((resolve, reject) => {
      const look = () => {
        for (; at < this.events.length; at++) {
          const event = this.events[at]
          if (event === undefined) return
          if (isWanted(event)) return settle(() => resolve(event))
          if (event.type === 'ended')
            return settle(() => reject(new Error(`the job has ${event.outcome}: ${event.error?.message}`)))
        }
      }
      const settle = (then: () => void) => {
        this.#waiting.delete(look)
        then()
      }
      this.#waiting.add(look)
      look()
    })
  }
}
