import type { Spread } from './spread.js'

/**
 * What one run of chaos found: the document of `--json FILE`, and what chart and page are drawn from. `…At` is a time of
 * day in milliseconds since 1970, `…Ms` a duration, `atMs` and its like the time since the run began, which is when the
 * control phase did. Whoever reads it leaves keys aside that he does not know; another meaning of a key is another schema.
 */
export interface ChaosReport {
  readonly schema: 'retake.chaos/1'
  readonly command: string
  readonly startedAt: number
  readonly durationMs: number
  readonly options: ChaosOptions
  readonly code: { readonly version: string; readonly commit: string; readonly isDirty: boolean }
  readonly machine: Machine
  readonly servers: { readonly nats: string; readonly kafka: string; readonly postgres: string }
  /** Faults that cannot be had on this machine, and why. */
  readonly leftOut: readonly LeftOut[]
  readonly control: Control
  readonly faults: readonly FaultRecord[]
  /** All that the cluster said and showed of what was wrong, in order. */
  readonly signs: readonly { readonly atMs: number; readonly told: string }[]
  readonly kinds: readonly KindSummary[]
  readonly job: JobTotals
  readonly delays: { readonly control: Delays | undefined; readonly all: Delays | undefined }
  readonly series: readonly Second[]
  readonly verdict: Verdict
}

export interface ChaosOptions {
  readonly minutes: number
  readonly seed: number
  readonly everyMs: number
  readonly ratePerSecond: number
  /** Only faults with one of these words in their names, if there are any. */
  readonly only: readonly string[]
  readonly jobManagers: number
  readonly heartbeatTimeoutMs: number
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  /** What stands between the hosts, for people. */
  readonly network: string
}

export interface LeftOut {
  readonly kind: string
  readonly why: string
}

/** The beginning, under load alone: nothing may be found broken. */
export interface Control {
  readonly durationMs: number
  readonly checkpoints: number
  /** What was found broken though nothing was. */
  readonly falseVerdicts: readonly string[]
}

/** What faults of one kind have in common, for the legend of the chart. */
export type Family = 'killed' | 'frozen' | 'cut off' | 'slow' | 'restarted' | 'full'

export interface FaultRecord {
  readonly number: number
  readonly kind: string
  readonly family: Family
  /** Whom it struck. */
  readonly target: string
  /** When it was to strike … */
  readonly plannedMs: number
  /** … and when it did: later if the one before was not over. */
  readonly atMs: number
  /** When whoever caused it had taken it back. */
  readonly healedMs: number | undefined
  /** From `atMs` to the first sign of it that the cluster gave, and which; undefined if it gave none. */
  readonly detectMs: number | undefined
  readonly sign: string | undefined
  /** From `atMs` until all subtasks ran under the last of the new attempts; undefined if there was none. */
  readonly runsMs: number | undefined
  /**
   * From `atMs` until PostgreSQL had, of every partition, a click that was due after the fault was there; or after it was
   * taken back, if that broke the job again.
   */
  readonly recoverMs: number | undefined
  /** New ones, until all was whole again. */
  readonly attempts: number
  /** The longest that a click took that was due from the strike until all was whole again. */
  readonly worstDelayMs: number | undefined
  /** Why the run could not get over it. */
  readonly problem: string | undefined
}

export interface KindSummary {
  readonly kind: string
  readonly family: Family
  readonly count: number
  readonly detectMs: Spread | undefined
  readonly runsMs: Spread | undefined
  readonly recoverMs: Spread | undefined
  readonly attempts: number
}

export interface JobTotals {
  readonly attempts: number
  readonly checkpoints: number
  readonly failedCheckpoints: number
  /** Nodes that ended by themselves and were started again. */
  readonly nodesStartedAgain: number
}

/** From the moment at which a click was due until PostgreSQL had it. */
export interface Delays {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Clicks that are logged in: the others are filtered. */
export interface Second {
  /** Since the run began. */
  readonly second: number
  /** Clicks that were due in it, and what became of them. */
  readonly due: number
  readonly delays: Delays | undefined
  /** Clicks that PostgreSQL was given in it. */
  readonly committed: number
}

export interface Verdict {
  readonly isExact: boolean
  readonly users: number
  readonly clicks: number
  /** Rows of the log that are not there, that no click belongs to, that are there more than once. */
  readonly missing: number
  readonly foreign: number
  readonly repeated: number
  /** Users with a wrong sum. */
  readonly wrongSums: number
  /** Why nothing could be compared. */
  readonly problem: string | undefined
}
