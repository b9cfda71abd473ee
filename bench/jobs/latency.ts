import { apart } from '../suite/apart.js'
import type { Benchmark, Contender, Contest, Scale } from '../suite/benchmark.js'
import { rateOf, type Sample } from '../suite/sample.js'
import type { LatencyRun } from './latency-run.js'
import type { Guarantee } from './latency-sink.js'

const PARALLELISM = 2
/** Of `latency-job.ts`. */
const CHECKPOINT_INTERVAL_MS = 1_000
/** More than any job takes: everything is due at once. */
const CLOSED_LOOP = 1e9

export const latency: Benchmark = {
  name: 'latency',
  question: 'How long from when a click is due to when its count is at the sink, and committed?',
  unit: 'clicks',
  async prepare(scale: Scale): Promise<Contest> {
    const isFull = scale === 'full'
    const [warmUpSeconds, seconds] = isFull ? [4, 10] : [1, 2]
    const peak = await peakPerSecond(isFull ? 12_000_000 : 3_000_000)
    const half = Math.round(peak / 2 / 1_000) * 1_000
    const contender = (name: string, ratePerSecond: number, guarantee: Guarantee): Contender => {
      const run = { parallelism: PARALLELISM, ratePerSecond, guarantee, warmUpSeconds, seconds }
      return { name, measure: () => openLoop({ ...run, wayOutSeconds: 1.5 }) }
    }
    return {
      configuration: {
        parallelism: PARALLELISM,
        peakPerSecond: Math.round(peak),
        bufferTimeoutMs: 5,
        pacingMs: 1,
        checkpointIntervalMs: CHECKPOINT_INTERVAL_MS,
        warmUpSeconds,
        seconds,
      },
      contenders: [
        contender('to sink, 10 k/s', 10_000, 'at-least-once'),
        contender('to sink, 200 k/s', 200_000, 'at-least-once'),
        contender('to sink, half of the peak', half, 'at-least-once'),
        contender('to commit, 50 k/s', 50_000, 'exactly-once'),
      ],
      targets: [{ kind: 'at-most', of: 'to sink, half of the peak', figure: 'p99Ms', aim: 20 }],
    }
  },
}

/** What the same job does when all clicks are due at once. */
async function peakPerSecond(records: number): Promise<number> {
  const inBillionths = (share: number) => (records * share) / CLOSED_LOOP
  const run: LatencyRun = {
    parallelism: PARALLELISM,
    ratePerSecond: CLOSED_LOOP,
    guarantee: 'at-least-once',
    warmUpSeconds: inBillionths(0.3),
    seconds: inBillionths(0.7),
    wayOutSeconds: 0,
  }
  return rateOf(await measured(run))
}

async function openLoop(run: LatencyRun): Promise<Sample> {
  const sample = await measured(run)
  const { 'to sink': toSink, 'to commit': toCommit } = sample.latency!
  const figures: Record<string, number> = { ...sample.figures, p99Ms: (toSink ?? toCommit)!.p99 }
  if (toCommit !== undefined) figures['p99BeyondIntervalMs'] = toCommit.p99 - CHECKPOINT_INTERVAL_MS
  return { ...sample, figures }
}

function measured(run: LatencyRun): Promise<Sample> {
  return apart(new URL('./latency-run.js', import.meta.url).href, run)
}
