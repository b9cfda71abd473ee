import type { Sample } from './sample.js'

/**
 * One question about speed, and those that answer it side by side. Contenders are measured in turn, A B A B …, each
 * round in the same minute as its neighbours, so that what the machine does besides hits all of them; what counts are
 * the ratios of a round, their median and their spread.
 */
export interface Benchmark {
  /** Its name on the command line and in reports: kebab-case. */
  readonly name: string
  /** What it asks, in a sentence. */
  readonly question: string
  /** What is counted: `clicks`, `tells`, `frames`, … */
  readonly unit: string
  /** Rounds of a full run; 5 unless said. */
  readonly rounds?: number
  /** Starts what all rounds share: servers, a filled topic. */
  prepare(scale: Scale): Promise<Contest>
}

/** `full`: what is published. `check`: a few seconds on any machine, to see in CI that it runs and keeps its floors. */
export type Scale = 'full' | 'check'

/** A benchmark that is ready to be measured. */
export interface Contest {
  /** Sizes, intervals, settings: all that somebody needs to repeat it. */
  readonly configuration: Readonly<Record<string, string | number | boolean>>
  readonly contenders: readonly Contender[]
  /** Contenders that cannot be had here, and why. */
  readonly absent?: readonly { readonly name: string; readonly why: string }[]
  readonly targets?: readonly Target[]
  dispose?(): Promise<void>
}

export interface Contender {
  /** `retake`, `bare loop`, `flink 2.2.1, object reuse`, … */
  readonly name: string
  /** Warms up, measures once, and cleans up. What `Sample` says excludes the warm-up. */
  measure(): Promise<Sample>
}

/** What a benchmark promises of one contender. `aim` is published, met or not; below `floor` the check fails. */
export type Target =
  | {
      /** Rate of `of` over that of `over`, the median of the rounds' ratios: at least. */
      readonly kind: 'ratio'
      readonly of: string
      readonly over: string
      readonly aim: number
      readonly floor?: number
    }
  | {
      /** A figure by its name (`figure.ts` says which there are), the median of the rounds: at least, or at most. */
      readonly kind: 'at-least' | 'at-most'
      readonly of: string
      readonly figure: string
      readonly aim: number
      readonly floor?: number
    }
