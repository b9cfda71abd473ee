import { checkSplits } from '#src/checkpoint/known-splits.js'
import type { Manifest } from '#src/checkpoint/manifest.js'
import { adoptManifest, loadManifest } from '#src/checkpoint/manifest-store.js'
import { maxParallelismsOf, restoreOf } from '#src/checkpoint/restore.js'
import type { JobBundle } from '#src/cluster/job-bundle.js'
import { type BuildRequest, checkPlan } from '#src/cluster/job-loader.js'
import type { JobPlanner } from '#src/cluster/job-planner.js'
import type { JobStore, RunRecord } from '#src/cluster/job-store.js'
import type { RetainedCheckpoint } from '#src/cluster/log-entry.js'
import type { ConnectorLoader } from '#src/connector/registry.js'
import { connectorNamesOf, type JobPlan } from '#src/graph/job-plan.js'
import type { RunId } from '#src/kit/ids.js'
import type { JobOrder } from './job-order.js'
import type { JobCode } from './slot-threads.js'

/** A run that its log knows, with all that a job master needs to direct it. */
export interface PreparedRun {
  readonly run: RunId
  readonly plan: JobPlan
  readonly code: JobCode
  /** What a run begins with that was started from another's checkpoint; its parts are copied already. */
  readonly origin: Manifest | undefined
  readonly allowRepeatedRows: boolean
}

/** An order that nothing speaks against: planned, checked, and what it begins with copied. */
export interface RunDraft {
  readonly order: JobOrder
  readonly request: BuildRequest
  readonly plan: JobPlan
  /** The checkpoint of another run that it begins with. */
  readonly origin: { readonly run: RunId; readonly from: Manifest; readonly adopted: Manifest } | undefined
}

export interface JobIntakeOptions {
  readonly store: JobStore
  readonly planner: JobPlanner
  readonly connectors: ConnectorLoader
}

/** Makes runs of orders: has them planned, checks them against a checkpoint, submits them to the log. */
export class JobIntake {
  readonly #store: JobStore
  readonly #planner: JobPlanner
  readonly #connectors: ConnectorLoader

  constructor({ store, planner, connectors }: JobIntakeOptions) {
    this.#store = store
    this.#planner = planner
    this.#connectors = connectors
  }

  /** An order's code has to be kept before the order is given. */
  keepBundle(bundle: Pick<JobBundle, 'code' | 'map' | 'hash'>): Promise<void> {
    return this.#store.keepBundle(bundle)
  }

  /**
   * What a new run of `order` would be; nothing is submitted. Throws what the user's file, parameters or checkpoint are
   * refused for.
   */
  async draft(order: JobOrder): Promise<RunDraft> {
    // An untidy store is no reason to refuse a job; what keeps it from being written is met below.
    await this.#store.sweep().catch(() => undefined)
    const { bundle, request, fromCheckpoint } = order
    const fresh = await this.#planner.plan(bundle, request)
    if (order.fingerprint !== undefined) checkPlan(fresh, order.fingerprint)
    if (fromCheckpoint === undefined) return { order, request, plan: fresh, origin: undefined }
    const found = await this.#store.findCheckpoint(fromCheckpoint, fresh.name)
    const fitting = { ...request, maxParallelismOf: maxParallelismsOf(found.manifest) }
    const plan = await this.#planner.plan(bundle, fitting)
    await this.#check(found.manifest, plan)
    const run = await this.#store.begin()
    const adopted = await adoptManifest(found.manifest, found.blobs, this.#store.blobs, run)
    return { order, request: fitting, plan, origin: { run, from: found.manifest, adopted } }
  }

  /** Submits it: from here on there is a run. */
  async submit({ order, request, plan, origin }: RunDraft): Promise<PreparedRun> {
    const { bundle, allowRepeatedRows } = order
    const code = { bundle, request, fingerprint: plan.fingerprint }
    const { run } = await this.#store.create({
      job: plan.name,
      ...code,
      allowRepeatedRows,
      ...(origin !== undefined && {
        run: origin.run,
        adopted: {
          origin: { run: origin.from.run, checkpoint: origin.from.checkpoint },
          manifest: origin.adopted,
        },
      }),
    })
    return { run, plan, code, origin: origin?.adopted, allowRepeatedRows }
  }

  /** The newest unended run of the ordered job, with the code as it is now; undefined when there is none. */
  async resume(order: JobOrder): Promise<PreparedRun | undefined> {
    const fresh = await this.#planner.plan(order.bundle, order.request)
    const record = await this.#store.unended(fresh.name)
    if (record === undefined) return undefined
    const { bundle, request, allowRepeatedRows } = order
    const prepared = await this.#goOn({ ...record, bundle, request, allowRepeatedRows })
    const { code } = prepared
    await this.#store.update({ ...record, ...code, allowRepeatedRows })
    return prepared
  }

  /** The run with the code that it was submitted with, for whoever leads next; undefined when it has ended. */
  async recover(record: RunRecord): Promise<PreparedRun | undefined> {
    const state = await this.#store.state(record.run)
    return state === undefined || state.ended !== undefined ? undefined : this.#goOn(record)
  }

  async #goOn({ run, bundle, request, allowRepeatedRows }: RunRecord): Promise<PreparedRun> {
    const newest = await this.#newest(run)
    // Nothing is retained of a run that nobody has led so far as its first checkpoint.
    const origin = newest === undefined ? await this.#store.adopted(run) : undefined
    const manifest = newest ?? origin
    const fitting: BuildRequest = {
      ...request,
      ...(manifest !== undefined && { maxParallelismOf: maxParallelismsOf(manifest) }),
    }
    const plan = await this.#planner.plan(bundle, fitting)
    if (manifest !== undefined) await this.#check(manifest, plan)
    const code = { bundle, request: fitting, fingerprint: plan.fingerprint }
    return { run, plan, code, origin, allowRepeatedRows }
  }

  /** Of its newest checkpoint. Whoever led before may go on still, and delete what was the newest when we looked. */
  async #newest(run: RunId): Promise<Manifest | undefined> {
    const newest = await this.#newestOf(run)
    if (newest === undefined) return undefined
    try {
      return await loadManifest(this.#store.blobs, newest.manifest)
    } catch (error) {
      if ((await this.#newestOf(run))?.checkpoint === newest.checkpoint) throw error
      return this.#newest(run)
    }
  }

  async #newestOf(run: RunId): Promise<RetainedCheckpoint | undefined> {
    return (await this.#store.state(run))?.retained.at(-1)
  }

  /** Throws what keeps `plan` from going on from `manifest`. */
  async #check(manifest: Manifest, plan: JobPlan): Promise<void> {
    restoreOf(manifest, plan)
    checkSplits(manifest, plan, await this.#connectors(connectorNamesOf(plan)))
  }
}
