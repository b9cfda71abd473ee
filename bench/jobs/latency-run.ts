import { silentLogger } from '#src/kit/logger.js'
import type { Sample } from '../suite/sample.js'
import { finish, sourceOf } from './job-run.js'
import type { Guarantee } from './latency-sink.js'
import { MeasuredProcess } from './measured-process.js'
import type { Pacing } from './paced-clicks.js'

export interface LatencyRun {
  readonly parallelism: number
  readonly ratePerSecond: number
  readonly guarantee: Guarantee
  /** Rows go to a table there; else to a sink that looks at the clock. */
  readonly database?: string
  readonly warmUpSeconds: number
  /** Clicks that are due in these count. */
  readonly seconds: number
  /** After them, so that the last checkpoint of those that count is an ordinary one. */
  readonly wayOutSeconds: number
}

/** The job in an open loop; latencies are from when a click was due. */
export async function measure(run: LatencyRun): Promise<Sample> {
  const { parallelism, ratePerSecond, guarantee, database } = run
  const { countsFrom, countsUntil, records } = pacingOf(run)
  const pacing = { ratePerSecond, splits: parallelism, records, countsFrom, countsUntil, guarantee }
  const params = texts({ ...pacing, ...(database !== undefined && { database }) })
  const process = new MeasuredProcess(countsFrom, records / parallelism)
  await finish({ file: sourceOf('latency-job.ts'), params, parallelism }, process, silentLogger)
  const waitedFor = guarantee === 'at-least-once' ? 'to sink' : 'to commit'
  const found = ['until it is made', ...(database === undefined ? [waitedFor] : [])]
  const latency = Object.fromEntries(found.map((of) => [of, process.latency(of)]))
  return { ...process.measured(), latency, figures: { ratePerSecond } }
}

/** How many clicks are made, and which of them count. */
export function pacingOf(run: Omit<LatencyRun, 'guarantee'>): Omit<Pacing, 'ratePerSecond'> {
  const { ratePerSecond, warmUpSeconds, seconds, wayOutSeconds } = run
  const countsFrom = Math.ceil(ratePerSecond * warmUpSeconds)
  const countsUntil = countsFrom + Math.ceil(ratePerSecond * seconds)
  return { countsFrom, countsUntil, records: countsUntil + Math.ceil(ratePerSecond * wayOutSeconds) }
}

function texts(params: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))
}
