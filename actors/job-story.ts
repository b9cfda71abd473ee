import type { ActorRef, Address } from '#src/actor/actor.js'
import { isGloballyTerminal, type JobStatus, JobStatusMachine } from '#src/graph/job-status.js'
import type { RunId } from '#src/kit/ids.js'
import type { HistoryKeeper } from './history-keeper.js'
import type { JobEvent } from './job-event.js'

/** An event without the run that it is told of. */
export type Told = JobEvent extends infer E ? (E extends JobEvent ? Omit<E, 'run'> : never) : never

export interface JobStoryOptions {
  readonly run: RunId
  readonly now: () => number
  readonly history: HistoryKeeper
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
    this.#options.history.onTold(event)
    this.#publish(event)
  }

  #statusEvent(): JobEvent {
    return { type: 'status', run: this.#options.run, status: this.status, reason: this.#reason }
  }

  #publish(event: JobEvent): void {
    for (const follower of this.#followers.values()) this.#options.send(follower, event)
  }
}
