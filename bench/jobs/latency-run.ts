import { silentLogger } from '#src/kit/logger.js'
import type { Sample } from '../suite/sample.js'
import { loggedInOf } from './clicks.js'
import { ranJob, sourceOf } from './job-run.js'
import type { Guarantee } from './latency-sink.js'
import { ledgerOf } from './ledger.js'
import { MeasuredProcess } from './measured-process.js'

export interface LatencyRun {
  readonly parallelism: number
  readonly ratePerSecond: number
  readonly guarantee: Guarantee
  readonly warmUpSeconds: number
  /** Clicks that are due in these count. */
  readonly seconds: number
  /** After them, so that the last checkpoint of those that count is an ordinary one. */
  readonly wayOutSeconds: number
}

/** The job in an open loop; latencies are from when a click was due. */
export async function measure(run: LatencyRun): Promise<Sample> {
  const { parallelism, ratePerSecond, guarantee } = run
  const countsFrom = Math.ceil(ratePerSecond * run.warmUpSeconds)
  const countsUntil = countsFrom + Math.ceil(ratePerSecond * run.seconds)
  const records = countsUntil + Math.ceil(ratePerSecond * run.wayOutSeconds)
  const params = { ratePerSecond, splits: parallelism, records, countsFrom, countsUntil, guarantee }
  const submission = { file: sourceOf('latency-job.ts'), params: texts(params), parallelism }
  const process = new MeasuredProcess(countsFrom)
  const sample = await ranJob(submission, process, silentLogger, () => process.measured(records))
  const waitedFor = guarantee === 'at-least-once' ? 'to sink' : 'to commit'
  const latency = {
    'until it is made': process.latency('until it is made'),
    [waitedFor]: process.latency(waitedFor),
  }
  process.close()
  const rows = loggedInOf(countsUntil) - loggedInOf(countsFrom)
  return { ...sample, latency, ledger: ledgerOf(rows, latency[waitedFor]!.n), figures: { ratePerSecond } }
}

function texts(params: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))
}
