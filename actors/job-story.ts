import type { ActorRef, Address } from '#src/actor/actor.js'
import { isGloballyTerminal, type JobStatus, JobStatusMachine } from '#src/graph/job-status.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { JobFailure } from './cluster-view.js'
import type { JobEvent } from './job-event.js'

/** An event without the run that it is told of. */
export type Told = JobEvent extends infer E ? (E extends JobEvent ? Omit<E, 'run'> : never) : never

export interface JobStoryOptions {
  readonly run: RunId
  readonly now: () => number
  /** Milliseconds since 1970, for display. */
  readonly wallTime: () => number
  readonly send: (follower: ActorRef<JobEvent>, event: JobEvent) => void
}

/** What a job master tells of its job, and to whom: its status, why it is what it is, and whatever happens. */
export class JobStory {
  readonly #options: JobStoryOptions
  readonly #followers = new Map<Address, ActorRef<JobEvent>>()
  #status: JobStatusMachine
  #reason: string | undefined
  /** The newest attempt that was told of. */
  #attempt: Extract<JobEvent, { type: 'attempt' }> | undefined
  /** Newest first. */
  #failures: readonly JobFailure[] = []

  constructor(options: JobStoryOptions) {
    this.#options = options
    this.#status = new JobStatusMachine(options.now())
  }

  get status(): JobStatus {
    return this.#status.status
  }

  get reason(): string | undefined {
    return this.#reason
  }

  get failures(): readonly JobFailure[] {
    return this.#failures
  }

  /** Nothing will move it any more, here. */
  get isOver(): boolean {
    return this.status === 'SUSPENDED' || isGloballyTerminal(this.status)
  }

  /** Tells `follower` how it stands, and all that comes. Who asks again is told again: words may have been lost. */
  addFollower(follower: ActorRef<JobEvent>): void {
    this.#followers.set(follower.address, follower)
    if (this.#attempt !== undefined) this.#options.send(follower, this.#attempt)
    this.#options.send(follower, this.#statusEvent())
  }

  removeFollower(follower: ActorRef<JobEvent>): void {
    this.#followers.delete(follower.address)
  }

  moveTo(status: JobStatus, reason?: string): void {
    if (status !== this.status) this.#status.to(status, this.#options.now())
    this.#reason = reason
    this.#publish(this.#statusEvent())
  }

  /** It was this before anyone here directed it: no move led to it. */
  isFound(status: JobStatus, reason?: string): void {
    this.#status = new JobStatusMachine(this.#options.now(), status)
    this.moveTo(status, reason)
  }

  /** Why the status is what it is; for people. */
  because(reason: string | undefined): void {
    if (this.#reason === reason) return
    this.#reason = reason
    this.#publish(this.#statusEvent())
  }

  tell(told: Told): void {
    const event = { ...told, run: this.#options.run } as JobEvent
    if (event.type === 'attempt') this.#attempt = event
    if (event.type === 'failure') this.#remember(event.error)
    this.#publish(event)
  }

  #remember(error: ErrorInfo): void {
    const failure = { at: this.#options.wallTime(), attempt: this.#attempt?.attempt ?? (0 as Attempt), error }
    this.#failures = [failure, ...this.#failures].slice(0, LIMITS.failureRecords)
  }

  #statusEvent(): JobEvent {
    return { type: 'status', run: this.#options.run, status: this.status, reason: this.#reason }
  }

  #publish(event: JobEvent): void {
    for (const follower of this.#followers.values()) this.#options.send(follower, event)
  }
}
