import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type JobHandle, type JobSubmission, Node } from '#actors/node.js'
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

/** A job from a generator to a discarding sink, in this process. Its parameters are `records` and what it needs besides. */
export async function measure({ file, parallelism, params, records, warmUp, rows }: JobRun): Promise<Sample> {
  const process = new MeasuredProcess(warmUp, records / parallelism)
  const discarded = new DiscardedRows()
  const submission = { file: sourceOf(file), params: { ...params, records: String(records) }, parallelism }
  await finish(submission, process, discarded)
  const sample = process.measured()
  const figures = { rowsOut: discarded.rows }
  return rows === undefined ? { ...sample, figures } : { ...sample, ledger: ledgerOf(rows, discarded.rows) }
}

/** Runs a job to its end on a node of its own, and stops that. */
export async function finish(
  submission: JobSubmission & { readonly parallelism: number },
  process: MeasuredProcess,
  logger: Logger,
): Promise<void> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'retake-bench-'))
  const surroundings = { clock: systemClock, random: systemRandom, logger }
  const node = await Node.start({ stateDirectory, slots: submission.parallelism, ...surroundings })
  try {
    await finished(await node.submit(submission), (at, durationMs) => process.onCheckpoint(at, durationMs))
  } finally {
    await node.stop()
    await rm(stateDirectory, { recursive: true, force: true })
  }
}

/** A job is submitted as its user wrote it: this module runs from the build, a job's file is TypeScript. */
export function sourceOf(file: string): string {
  return fileURLToPath(new URL(`../../../bench/jobs/${file}`, import.meta.url))
}

/** Follows a job to its end. One that failed on the way has done things twice, and counts for nothing. */
export async function finished(
  job: JobHandle,
  onCheckpoint: (triggeredAt: number, durationMs: number) => void,
): Promise<void> {
  const failures: string[] = []
  job.follow((event) => {
    if (event.type === 'failure') failures.push(event.error.message)
    if (event.type !== 'checkpoint' || event.record.state !== 'completed') return
    onCheckpoint(event.record.triggeredAt, event.record.durationMs)
  })
  const { outcome } = await job.ended
  if (outcome === 'finished' && failures.length === 0) return
  throw new Error(`the job has ${outcome}, after ${failures.join(', ') || 'no failure'}`)
}
