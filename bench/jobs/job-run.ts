import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobEvent } from '#actors/job-event.js'
import { type JobSubmission, Node } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import type { Logger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import type { Sample } from '../suite/sample.js'
import { DiscardedRows } from './discarded-rows.js'
import { ledgerOf } from './ledger.js'
import { MeasuredProcess } from './measured-process.js'

export interface JobRun {
  /** Beside this file. */
  readonly file: string
  readonly parallelism: number
  readonly params?: Readonly<Record<string, string>>
  /** Records that its generator makes, of which so many are made before anything counts. */
  readonly records: number
  readonly warmUp: number
  /** Rows that reach its sink, where they can be told beforehand. */
  readonly rows?: number | undefined
}

/**
 * A job from a generator to a discarding sink, in this process, from the first record to the end of the job: its last
 * checkpoint counts. Its parameters are `records` and whatever it needs besides.
 */
export async function measure({ file, parallelism, params, records, warmUp, rows }: JobRun): Promise<Sample> {
  const process = new MeasuredProcess(warmUp)
  const discarded = new DiscardedRows()
  const submission = { file: sourceOf(file), params: { ...params, records: String(records) }, parallelism }
  const sample = await ranJob(submission, process, discarded, () => process.measured(records))
  process.close()
  const figures = { rowsOut: discarded.rows }
  return rows === undefined ? { ...sample, figures } : { ...sample, ledger: ledgerOf(rows, discarded.rows) }
}

/** Runs a job to its end on a node of its own. @returns what `onEnd` made of that moment, when the node has stopped */
export async function ranJob<R>(
  submission: JobSubmission & { readonly parallelism: number },
  process: MeasuredProcess,
  logger: Logger,
  onEnd: () => R,
): Promise<R> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'retake-bench-'))
  const surroundings = { clock: systemClock, random: systemRandom, logger }
  const node = await Node.start({ stateDirectory, slots: submission.parallelism, ...surroundings })
  try {
    const job = await node.submit(submission)
    job.follow((event) => onEvent(process, event))
    const { outcome, error } = await job.ended
    if (outcome !== 'finished') throw new Error(`the job has ${outcome}: ${error?.message}`)
    return onEnd()
  } finally {
    await node.stop()
    await rm(stateDirectory, { recursive: true, force: true })
  }
}

/** A job is submitted as its user wrote it: this module runs from the build, a job's file is TypeScript. */
export function sourceOf(file: string): string {
  return fileURLToPath(new URL(`../../../bench/jobs/${file}`, import.meta.url))
}

function onEvent(process: MeasuredProcess, event: JobEvent): void {
  if (event.type === 'checkpoint' && event.record.state === 'completed') {
    const { triggeredAt, durationMs } = event.record
    process.onCheckpoint(triggeredAt, durationMs)
  }
  if (event.type === 'failure') throw new Error(`the job has failed: ${event.error.message}`)
}
