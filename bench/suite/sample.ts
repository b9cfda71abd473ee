/** One measured run of one contender. Base units: seconds, bytes, counts; latencies in milliseconds. */
export interface Sample {
  /** How many were done in the steady state, and how long it took. */
  readonly count: number
  readonly seconds: number
  /** User and system seconds of all processes that did the work, in those seconds. */
  readonly cpuSeconds?: number
  /** Resident memory at its peak: the sum over those processes. */
  readonly rssBytes?: number
  /** Time in garbage collection, in those seconds, all threads together where they can be heard. */
  readonly gcSeconds?: number
  /** By what is waited for (`to sink`, `to commit`), from the planned send time. */
  readonly latency?: Readonly<Record<string, Percentiles>>
  /** How the rate went, window by window, warm-up included. */
  readonly timeline?: Timeline
  /** Of a run that writes: what was put in against what came out. */
  readonly ledger?: Ledger
  /** Others, named with their unit: `startUpSeconds`, `stateBytes`, `longestStopMs`. */
  readonly figures?: Readonly<Record<string, number>>
}

export interface Percentiles {
  readonly n: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  /** The whole curve, for a plot: [percentile 0 to 100, milliseconds], rising. */
  readonly curve?: readonly (readonly [percentile: number, ms: number])[]
}

export interface Timeline {
  readonly windowSeconds: number
  /** Per second, one for each window. */
  readonly rates: readonly number[]
  /** The windows that count as steady state: from, and up to but without. Warm-up lies before, the way out behind. */
  readonly steady: readonly [from: number, to: number]
  /** What happened meanwhile, in seconds since the first window began. */
  readonly events?: readonly TimelineEvent[]
}

export interface TimelineEvent {
  readonly at: number
  readonly kind: 'checkpoint' | 'kill' | 'recovered'
  /** Of what lasted: a checkpoint from its barrier to its completion. */
  readonly seconds?: number
}

/** The exactly-once ledger: 0 lost and 0 duplicated, or the run counts for nothing. */
export interface Ledger {
  readonly produced: number
  readonly accounted: number
  readonly lost: number
  readonly duplicated: number
}

/** Per second, in the steady state. */
export function rateOf({ count, seconds }: Sample): number {
  return count / seconds
}
