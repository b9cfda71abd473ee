import { assert } from '../kit/assert.js'

/** Where a job is, in Flink's words. */
export type JobStatus =
  /** Its job master takes its log over. */
  | 'INITIALIZING'
  | 'CREATED'
  /** An attempt is under way. */
  | 'RUNNING'
  /** An attempt has failed, the next one is to come. */
  | 'RESTARTING'
  /** Subtasks are being canceled after a failure that no restart follows. */
  | 'FAILING'
  | 'CANCELLING'
  | 'FINISHED'
  | 'CANCELED'
  | 'FAILED'
  /** Somebody else leads it now. */
  | 'SUSPENDED'

/** The only legal moves. CREATED may fail at once: a source that cannot be resolved has nothing to cancel. */
export const JOB_STATUS_MOVES: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  INITIALIZING: ['CREATED', 'FINISHED', 'CANCELED', 'FAILED', 'SUSPENDED'],
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

export class JobStatusMachine {
  #status: JobStatus = 'INITIALIZING'

  get status(): JobStatus {
    return this.#status
  }

  /** To stay is no move. */
  moveTo(status: JobStatus): void {
    if (status === this.#status) return
    const moves = JOB_STATUS_MOVES[this.#status]
    assert(moves.includes(status), 'a job makes only legal moves', { from: this.#status, to: status })
    this.#status = status
  }
}
