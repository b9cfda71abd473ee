import type { JobStatus } from '../graph/job-status.js'
import type { Duration } from '../kit/duration.js'
import type { JobSnapshot } from './job-snapshot.js'
import type { RecordedSink } from './recorded-rows.js'

/** How long to wait for something, in virtual time: 1 minute unless said. */
export interface Patience {
  /** Virtual time. */
  readonly within?: Duration
}

/** Why an attempt of a job came to an end. */
export interface FailureOfJob {
  /** Virtual time, milliseconds since 1970. */
  readonly at: number
  /** 1, 2 … */
  readonly attempt: number
  /** A `RetakeError`; of user code RT1601, with the user's line in `where` and what was thrown as its `cause`. */
  readonly error: Error
}

/**
 * A job that runs in a test, on virtual time: it goes on while one of the methods that return a promise is awaited, and
 * stands still in between. Those that wait for something throw RT1801, which says where the job stands, when it does not
 * come, or cannot come any more.
 */
export interface JobRun {
  /** As the job manager last told it. */
  readonly status: JobStatus
  /** 0: none has begun. Each crash and each failure leads to the next one. */
  readonly attempt: number
  /** Oldest first. */
  readonly failures: readonly FailureOfJob[]
  /** Virtual time, milliseconds since 1970. */
  now(): number

  /** Lets time pass. */
  advance(by: Duration): Promise<void>
  /** Lets time pass until `condition` holds; it is asked after each thing that happens, so it should be quick. */
  until(condition: () => boolean, patience?: Patience): Promise<void>
  /** Lets time pass until every subtask runs; after a crash, those of a later attempt. */
  untilRunning(patience?: Patience): Promise<void>
  /** Lets time pass until all sources have ended and all is committed. */
  untilFinished(patience?: Patience): Promise<void>

  /**
   * Takes a checkpoint when the job runs and has read all that its scripts hold; resolves with its number when it is
   * complete, and what it commits is in the tables. Throws what it failed for.
   */
  checkpoint(patience?: Patience): Promise<number>
  /**
   * Kills a process, as kill -9 does: a task manager that runs the job, or the job manager. No time passes, so nobody has
   * noticed yet. It is started again a second later. Throws RT1801 where no process does that now.
   */
  crash(role?: 'task-manager' | 'job-manager'): void

  /** What the sink with this id has written. Throws RT1801 for an id that is no sink's. */
  sink<Row = unknown>(id: string): RecordedSink<Row>

  /**
   * Cancels the job, unless it has ended, and gives what it leaves for a new version. No checkpoint is taken for that:
   * what came after the newest one is read again.
   */
  stop(patience?: Patience): Promise<JobSnapshot>
  /** Ends all processes at once. Without it nothing is left either but memory. */
  close(): void
}
