import { type PostgresServer, startPostgres } from '../../test/support/postgres-server.js'
import { apart } from '../suite/apart.js'
import type { Benchmark, Contender, Contest, Scale } from '../suite/benchmark.js'
import { Histogram } from '../suite/histogram.js'
import { type Percentiles, rateOf, type Sample } from '../suite/sample.js'
import { loggedInOf } from './clicks.js'
import { type LatencyRun, pacingOf } from './latency-run.js'
import { type Guarantee, LATENCIES } from './latency-sink.js'
import { ledgerOf } from './ledger.js'

const PARALLELISM = 2
/** Of `latency-job.ts`. */
const CHECKPOINT_INTERVAL_MS = 1_000
/** More than any job takes: everything is due at once. */
const CLOSED_LOOP = 1e9
const AT_HALF = 'at-least-once, half of the peak'

export const latency: Benchmark = {
  name: 'latency',
  question: 'How long from when a click is due to when its count is at the sink, and committed?',
  unit: 'clicks',
  async prepare(scale: Scale): Promise<Contest> {
    const isFull = scale === 'full'
    const [warmUpSeconds, seconds] = isFull ? [4, 10] : [0.5, 1]
    const peak = await peakPerSecond(isFull ? 12_000_000 : 2_000_000)
    const half = Math.round(peak / 2 / 1_000) * 1_000
    // So that it can be asked when a row was committed, and not only when it was inserted.
    const server = await startPostgres({ settings: { track_commit_timestamp: 'on' } })
    const runOf = (ratePerSecond: number, guarantee: Guarantee): LatencyRun => {
      return {
        parallelism: PARALLELISM,
        ratePerSecond,
        guarantee,
        warmUpSeconds,
        seconds,
        wayOutSeconds: 1.5,
      }
    }
    const contender = (name: string, ratePerSecond: number, guarantee: Guarantee): Contender => {
      return { name, measure: () => inMemory(runOf(ratePerSecond, guarantee)) }
    }
    const inDatabase = (name: string, ratePerSecond: number, guarantee: Guarantee): Contender => {
      return { name, measure: () => inPostgres(server, runOf(ratePerSecond, guarantee)) }
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
        postgres: server.version,
      },
      contenders: [
        contender('at-least-once, 10 k/s', 10_000, 'at-least-once'),
        contender(AT_HALF, half, 'at-least-once'),
        inDatabase('PostgreSQL, exactly-once, 10 k/s', 10_000, 'exactly-once'),
        ...(isFull
          ? [
              contender('at-least-once, 200 k/s', 200_000, 'at-least-once'),
              contender('exactly-once, 50 k/s', 50_000, 'exactly-once'),
              inDatabase('PostgreSQL, at-least-once, 10 k/s', 10_000, 'at-least-once'),
            ]
          : []),
      ],
      targets: [{ kind: 'at-most', of: AT_HALF, figure: 'p99Ms', aim: 20 }],
      dispose: () => server.stop(),
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

/** To a sink that looks at the clock. */
async function inMemory(run: LatencyRun): Promise<Sample> {
  const sample = await measured(run)
  return withFigures(sample, run, (sample.latency?.['to sink'] ?? sample.latency?.['to commit'])!)
}

async function inPostgres(server: PostgresServer, run: LatencyRun): Promise<Sample> {
  await server.query(`drop table if exists ${LATENCIES}`)
  const sample = await measured({ ...run, database: server.url })
  const rows = await server.query<{ ms: number }>(
    `select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 - due_at as ms from ${LATENCIES} where counts`,
  )
  const committed = new Histogram()
  for (const { ms } of rows) committed.record(ms)
  const latency = { ...sample.latency, 'to commit': committed.percentiles() }
  return withFigures({ ...sample, latency }, run, latency['to commit'])
}

function withFigures(sample: Sample, run: LatencyRun, { n, p99 }: Percentiles): Sample {
  const { countsFrom, countsUntil } = pacingOf(run)
  const ledger = ledgerOf(loggedInOf(countsUntil) - loggedInOf(countsFrom), n)
  const figures: Record<string, number> = { ...sample.figures, p99Ms: p99 }
  if (run.guarantee === 'exactly-once') figures['p99BeyondIntervalMs'] = p99 - CHECKPOINT_INTERVAL_MS
  return { ...sample, figures, ledger }
}

function measured(run: LatencyRun): Promise<Sample> {
  return apart(new URL('./latency-run.js', import.meta.url).href, run)
}
