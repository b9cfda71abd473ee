import type { ActorRef, Address } from '#src/actor/actor.js'
import { isGloballyTerminal, type JobStatus, JobStatusMachine } from '#src/graph/job-status.js'
import type { RunId } from '#src/kit/ids.js'
import type { JobEvent } from './job-event.js'

/** An event without the run that it is told of. */
export type Told = JobEvent extends infer E ? (E extends JobEvent ? Omit<E, 'run'> : never) : never

export interface JobStoryOptions {
  readonly run: RunId
  readonly now: () => number
  readonly send: (follower: ActorRef<JobEvent>, event: JobEvent) => void
}

/** What a job master tells of its job, and to whom: its status, why it is what it is, and whatever happens. */
export class JobStory {
  readonly #options: JobStoryOptions
  readonly #followers = new Map<Address, ActorRef<JobEvent>>()
  #status: JobStatusMachine
  #reason: string | undefined

  constructor(options: JobStoryOptions) {
    this.#options = options
    this.#status = new JobStatusMachine(options.now())
  }

  get status(): JobStatus {
    return this.#status.status
  }

  /** Nothing will move it any more, here. */
  get isOver(): boolean {
    return this.status === 'SUSPENDED' || isGloballyTerminal(this.status)
  }

  /** Tells `follower` the status as it is, and all that comes. */
  addFollower(follower: ActorRef<JobEvent>): void {
    this.#followers.set(follower.address, follower)
    this.#options.send(follower, this.#statusEvent())
  }

  moveTo(status: JobStatus, reason?: string): void {
    if (status !== this.status) this.#status.to(status, this.#options.now())
    this.#reason = reason
    this.#publish(this.#statusEvent())
  }

  /** It was this before anyone here directed it: no move led to it. */
  isFound(status: JobStatus): void {
    this.#status = new JobStatusMachine(this.#options.now(), status)
    this.moveTo(status)
  }

  /** Why the status is what it is; for people. */
  because(reason: string | undefined): void {
    if (this.#reason === reason) return
    this.#reason = reason
    this.#publish(this.#statusEvent())
  }

  tell(told: Told): void {
    this.#publish({ ...told, run: this.#options.run } as JobEvent)
  }

  #statusEvent(): JobEvent {
    return { type: 'status', run: this.#options.run, status: this.status, reason: this.#reason }
  }

  #publish(event: JobEvent): void {
    for (const follower of this.#followers.values()) this.#options.send(follower, event)
  }
}
