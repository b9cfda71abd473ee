import type { ActorRef } from '#src/actor/actor.js'
import type { BuildRequest } from '#src/cluster/job-loader.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, RunId, SlotIndex, SystemId } from '#src/kit/ids.js'
import type { SlotMessage } from './slot.js'

/**
 * How a task manager gets a thread for a slot: a worker thread of its process (`worker-slot-threads.ts`), or in
 * simulation another actor system in the same thread. One thread serves one attempt, so that no variable of a module
 * of the user's survives it.
 */
export interface SlotThreads {
  start(spec: SlotThreadSpec, events: SlotThreadEvents): SlotThread
}

export interface SlotThreadSpec {
  readonly slot: SlotIndex
  readonly run: RunId
  readonly attempt: Attempt
  readonly code: JobCode
}

/** The user's code as the store holds it: a bundle, and what it was started with. */
export interface JobCode {
  /** sha256 of the bundled module: each thread gets it from the store, verified. */
  readonly bundle: string
  /** What shapes its graph beside the code: every side builds from the same. */
  readonly request: BuildRequest
  /** Of the plan that the job master follows; a thread that builds another refuses to run. */
  readonly fingerprint: string
}

export interface SlotThreadEvents {
  /** The job's module is imported, its graph is the expected one, and `slot` takes deployments. */
  onReady(slot: ActorRef<SlotMessage>): void
  /** A sink's fence has turned a write of its away: a later attempt runs elsewhere. */
  onFencedWrite(): void
  /** It is gone, told to or not. At most once, and nothing follows. */
  onExit(error: ErrorInfo | undefined): void
}

export interface SlotThread {
  readonly system: SystemId
  /** Asks it to end by itself, and ends it if it does not soon; `onExit` follows. */
  end(): void
  /** Nothing that it does counts any more: it may say its last words, and is ended. `onExit` follows. */
  fence(): void
  /** Ends it at once, whatever it does: a kill. `onExit` follows. */
  terminate(): void
}
