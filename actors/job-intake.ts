import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkSplits } from '#src/checkpoint/known-splits.js'
import type { Manifest } from '#src/checkpoint/manifest.js'
import { adoptManifest, loadManifest } from '#src/checkpoint/manifest-store.js'
import { maxParallelismsOf, restoreOf } from '#src/checkpoint/restore.js'
import { bundleJob, type JobBundle } from '#src/cluster/job-bundle.js'
import { type BuildRequest, buildPlan } from '#src/cluster/job-loader.js'
import type { JobStore, RunRecord } from '#src/cluster/job-store.js'
import { loadConnectors } from '#src/connector/built-in.js'
import { connectorNamesOf, type JobPlan } from '#src/graph/job-plan.js'
import type { Clock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import type { JobCode } from './slot-threads.js'

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
}

/** A run that its log knows, with all that a job master needs to direct it. */
export interface PreparedRun {
  readonly run: RunId
  readonly plan: JobPlan
  readonly code: JobCode
  /** What a run begins with that was started from another's checkpoint; its parts are copied already. */
  readonly origin: Manifest | undefined
  readonly allowRepeatedRows: boolean
}

/** Makes runs of submissions: bundles, plans in a throw-away thread, checks against a checkpoint, submits to the log. */
export class JobIntake {
  readonly #store: JobStore
  readonly #clock: Clock

  constructor(store: JobStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** A new run. Throws what the user's file, parameters or checkpoint are refused for; then nothing was submitted. */
  async submit(submission: JobSubmission): Promise<PreparedRun> {
    // An untidy store is no reason to refuse a job; what keeps it from being written is met below.
    await this.#store.sweep().catch(() => undefined)
    const bundle = await bundleJob(submission.file)
    const request = requestOf(submission)
    const fresh = await this.#plan(bundle, request)
    const found =
      submission.fromCheckpoint === undefined
        ? undefined
        : await this.#store.findCheckpoint(submission.fromCheckpoint, fresh.name)
    if (found === undefined) return this.#create(submission, bundle, request, fresh, undefined)
    const fitting = { ...request, maxParallelismOf: maxParallelismsOf(found.manifest) }
    const plan = await this.#plan(bundle, fitting)
    await this.#check(found.manifest, plan)
    const run = await this.#store.begin()
    const origin = await adoptManifest(found.manifest, found.blobs, this.#store.blobs, run)
    return this.#create(submission, bundle, fitting, plan, { run, from: found.manifest, adopted: origin })
  }

  /** The newest unended run of the job in the file, with the code as it is now; undefined when there is none. */
  async resume(submission: JobSubmission): Promise<PreparedRun | undefined> {
    const bundle = await bundleJob(submission.file)
    const fresh = await this.#plan(bundle, requestOf(submission))
    const record = await this.#store.unended(fresh.name)
    return record === undefined ? undefined : this.#goOn(submission, bundle, record)
  }

  async #goOn(submission: JobSubmission, bundle: JobBundle, record: RunRecord): Promise<PreparedRun> {
    const { run } = record
    const newest = (await this.#store.state(run))?.retained.at(-1)
    // Nothing is retained of a run that nobody has led so far as its first checkpoint.
    const origin = newest === undefined ? await this.#store.adopted(run) : undefined
    const manifest = newest === undefined ? origin : await loadManifest(this.#store.blobs, newest.manifest)
    const request: BuildRequest = {
      ...requestOf(submission),
      ...(manifest !== undefined && { maxParallelismOf: maxParallelismsOf(manifest) }),
    }
    const plan = await this.#plan(bundle, request)
    if (manifest !== undefined) await this.#check(manifest, plan)
    const path = await this.#store.keepBundle(run, bundle)
    const code = { bundle: path, request, fingerprint: plan.fingerprint }
    return { run, plan, code, origin, allowRepeatedRows: submission.allowRepeatedRows ?? false }
  }

  async #create(
    submission: JobSubmission,
    bundle: JobBundle,
    request: BuildRequest,
    plan: JobPlan,
    origin: { readonly run: RunId; readonly from: Manifest; readonly adopted: Manifest } | undefined,
  ): Promise<PreparedRun> {
    const { run } = await this.#store.create({
      job: plan.name,
      bundle,
      params: submission.params,
      ...(origin !== undefined && {
        run: origin.run,
        adopted: {
          origin: { run: origin.from.run, checkpoint: origin.from.checkpoint },
          manifest: origin.adopted,
        },
      }),
    })
    const code = { bundle: this.#store.bundlePath(run), request, fingerprint: plan.fingerprint }
    return {
      run,
      plan,
      code,
      origin: origin?.adopted,
      allowRepeatedRows: submission.allowRepeatedRows ?? false,
    }
  }

  /** Throws what keeps `plan` from going on from `manifest`. */
  async #check(manifest: Manifest, plan: JobPlan): Promise<void> {
    restoreOf(manifest, plan)
    checkSplits(manifest, plan, await loadConnectors(connectorNamesOf(plan)))
  }

  /** The bundle is not of a run yet: it is planned from a folder of its own. */
  async #plan({ code, map, hash }: JobBundle, request: BuildRequest): Promise<JobPlan> {
    const directory = await mkdtemp(join(tmpdir(), 'retake-plan-'))
    try {
      const path = join(directory, 'bundle.mjs')
      await writeFile(`${path}.map`, map)
      await writeFile(path, code)
      return await buildPlan(path, request, { clock: this.#clock, hash })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

function requestOf({ params, parallelism }: JobSubmission): BuildRequest {
  return { params, ...(parallelism !== undefined && { parallelism }) }
}
