import { bundleJob, type JobBundle } from '#src/cluster/job-bundle.js'
import type { BuildRequest } from '#src/cluster/job-loader.js'

/** What a user asks for. */
export interface JobSubmission {
  /** Path of the job's file, TypeScript or JavaScript. */
  readonly file: string
  readonly params: Readonly<Record<string, string>>
  /** Instead of the job's own default parallelism. */
  readonly parallelism?: number | undefined
  /** Start from this checkpoint: an id (of the newest run of this job that retains it), `<run>/<id>`, or a path. */
  readonly fromCheckpoint?: string | undefined
  /** Accept that a sink's ledger may be ahead of that checkpoint: rows after it are then written again. */
  readonly allowRepeatedRows?: boolean | undefined
  /** Of the plan that the submitter has seen: a job that is planned otherwise elsewhere is refused (RT1108). */
  readonly fingerprint?: string | undefined
}

/** The same as it travels: the code is in the store already, and is named by its hash. */
export interface JobOrder {
  /** sha256, hex. */
  readonly bundle: string
  readonly request: BuildRequest
  readonly fromCheckpoint: string | undefined
  readonly allowRepeatedRows: boolean
  readonly fingerprint: string | undefined
}

/** Bundles the job's file. Throws RT1101 to RT1103. */
export async function orderOf(
  submission: JobSubmission,
): Promise<{ readonly order: JobOrder; readonly bundle: JobBundle }> {
  const { file, params, parallelism, fromCheckpoint, allowRepeatedRows = false, fingerprint } = submission
  const bundle = await bundleJob(file)
  const request = { params, ...(parallelism !== undefined && { parallelism }) }
  return { bundle, order: { bundle: bundle.hash, request, fromCheckpoint, allowRepeatedRows, fingerprint } }
}
