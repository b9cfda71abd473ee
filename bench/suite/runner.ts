import type { Benchmark, Contender, Contest, Scale } from './benchmark.js'
import { judged, judgedLedger } from './judgement.js'
import type { BenchmarkReport, ContenderReport } from './report.js'
import { rateOf, type Sample } from './sample.js'
import { spreadOf } from './spread.js'

export interface RunOptions {
  readonly scale: Scale
  /** Those of the benchmark unless said. */
  readonly rounds?: number
  /** Ends the run between two awaits: what was started is disposed of, and the run throws the signal's reason. */
  readonly signal: AbortSignal
  /** What is being done now. */
  readonly onStep?: (step: string) => void
}

const FULL_ROUNDS = 5
/** As few as can tell a bad round from a bad program. */
const CHECK_ROUNDS = 2

/**
 * Measures a benchmark: each contender once a round, in turn, and every round begins with the next one, so that who comes
 * first (on a cool machine, after a collection) is everybody once. Whatever happens, what was prepared is disposed of.
 * Where no contender can be had, the report has none.
 */
export async function run(benchmark: Benchmark, options: RunOptions): Promise<BenchmarkReport> {
  const { scale, signal, onStep = () => {} } = options
  onStep('preparing')
  const contest = await unlessAborted(benchmark.prepare(scale), signal)
  try {
    const { contenders } = contest
    const rounds = contenders.length === 0 ? 0 : roundsOf(benchmark, options)
    const samples = contenders.map((): Sample[] => [])
    for (let round = 0; round < rounds; round++) {
      for (const index of turnsOf(contenders, round)) {
        const contender = contenders[index]!
        onStep(`round ${round + 1} of ${rounds}: ${contender.name}`)
        samples[index]!.push(await unlessAborted(measured(contender), signal))
      }
    }
    return reportOf(benchmark, contest, samples)
  } finally {
    onStep('disposing')
    await contest.dispose?.()
  }
}

function roundsOf(benchmark: Benchmark, { scale, rounds }: RunOptions): number {
  const own = benchmark.rounds ?? FULL_ROUNDS
  return rounds ?? (scale === 'check' ? Math.min(own, CHECK_ROUNDS) : own)
}

/** A B C, B C A, C A B, … */
function turnsOf(contenders: readonly Contender[], round: number): readonly number[] {
  return contenders.map((_, turn) => (turn + round) % contenders.length)
}

async function measured(contender: Contender): Promise<Sample> {
  const sample = await contender.measure()
  if (sample.count > 0 && sample.seconds > 0) return sample
  throw new Error(`${contender.name} did ${sample.count} in ${sample.seconds} s, which is no rate`)
}

function reportOf(
  { name, question, unit }: Benchmark,
  { configuration, contenders, absent = [], targets = [] }: Contest,
  samples: readonly (readonly Sample[])[],
): BenchmarkReport {
  const reports = contenders.map(
    (contender, index): ContenderReport => ({
      name: contender.name,
      samples: samples[index]!,
      rate: spreadOf(samples[index]!.map(rateOf)),
    }),
  )
  return {
    name,
    question,
    unit,
    configuration,
    contenders: reports,
    absent,
    targets: [
      ...targets.flatMap((target) => judged(target, reports, absent) ?? []),
      ...reports.flatMap((report) => judgedLedger(report) ?? []),
    ],
  }
}

/** The result of `work`, unless `signal` comes first: then its reason is thrown, and the work is left to itself. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
