import { assert } from '../kit/assert.js'

/** How a job is doing, in Flink's words. A job is CANCELLING (two Ls), a task CANCELING. */
export type JobStatus =
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'RESTARTING'
  | 'FAILING'
  | 'CANCELLING'
  | 'FINISHED'
  | 'CANCELED'
  | 'FAILED'
  | 'SUSPENDED'

/**
 * The legal moves. FINISHED, CANCELED and FAILED are the end everywhere; SUSPENDED is the end here only: leadership was
 * lost, and another takes the job over.
 */
export const JOB_MOVES: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  INITIALIZING: ['CREATED', 'FAILING', 'CANCELLING', 'SUSPENDED'],
  CREATED: ['RUNNING', 'FAILING', 'CANCELLING', 'SUSPENDED'],
  RUNNING: ['RESTARTING', 'FAILING', 'CANCELLING', 'FINISHED', 'SUSPENDED'],
  RESTARTING: ['RUNNING', 'FAILING', 'CANCELLING', 'SUSPENDED'],
  FAILING: ['FAILED', 'CANCELLING', 'SUSPENDED'],
  CANCELLING: ['CANCELED', 'FAILING', 'SUSPENDED'],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
  SUSPENDED: [],
}

/** Nothing moves it any more, here or anywhere. */
export function isGloballyTerminal(status: JobStatus): boolean {
  return status === 'FINISHED' || status === 'CANCELED' || status === 'FAILED'
}

/** The status of one job: moves legally or crashes, and knows since when it is what it is. */
export class JobStatusMachine {
  #status: JobStatus
  #sinceMs: number

  /** @param nowMs of whichever clock `to` is told by, too */
  constructor(nowMs: number, initial: JobStatus = 'INITIALIZING') {
    this.#status = initial
    this.#sinceMs = nowMs
  }

  get status(): JobStatus {
    return this.#status
  }

  get sinceMs(): number {
    return this.#sinceMs
  }

  to(next: JobStatus, nowMs: number): void {
    const from = this.#status
    assert(JOB_MOVES[from].includes(next), 'a job moves as the table says', { from, next })
    this.#status = next
    this.#sinceMs = nowMs
  }
}
