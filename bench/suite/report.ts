import type { Sample } from './sample.js'

/** The JSON that `npm run bench -- … --save FILE` writes: everything needed to repeat the run and to judge it. */
export interface Report {
  readonly schema: 'retake.bench/1'
  /** ISO 8601, UTC. */
  readonly startedAt: string
  /** The command as it was typed, without the path of the program. */
  readonly command: readonly string[]
  readonly machine: Machine
  readonly code: Code
  readonly benchmarks: readonly BenchmarkReport[]
  /** Those that ended with an error instead. */
  readonly failures?: readonly { readonly name: string; readonly error: string }[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  /** Of one minute, before the first round. */
  readonly loadBefore: number
}

export interface Code {
  readonly version: string
  /** Undefined outside a git checkout. */
  readonly commit?: string
  /** The checkout has changes that are not committed. */
  readonly isDirty?: boolean
  readonly node: string
  readonly v8: string
}

export interface BenchmarkReport {
  readonly name: string
  readonly question: string
  readonly unit: string
  readonly configuration: Readonly<Record<string, string | number | boolean>>
  readonly contenders: readonly ContenderReport[]
  readonly absent: readonly { readonly name: string; readonly why: string }[]
  readonly targets: readonly TargetReport[]
}

export interface ContenderReport {
  readonly name: string
  /** One for each round. */
  readonly samples: readonly Sample[]
  /** Per second, over the rounds. */
  readonly rate: Spread
}

export interface TargetReport {
  /** In a sentence: `retake has 0.8 of the rate of the bare loop`. */
  readonly target: string
  readonly aim: number
  readonly found: Spread
  readonly isMet: boolean
  /** Where there is a floor: it, and whether the best round has kept it. */
  readonly floor?: number
  readonly isKept?: boolean
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}
