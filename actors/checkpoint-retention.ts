import type { ActorContext, Outcome } from '#src/actor/actor.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import type { Manifest } from '#src/checkpoint/manifest.js'
import { loadManifest } from '#src/checkpoint/manifest-store.js'
import { RetainedBlobs } from '#src/checkpoint/retained-blobs.js'
import { leftoversOf, releasedBy } from '#src/checkpoint/retention.js'
import type { RetainedCheckpoint } from '#src/cluster/log-entry.js'
import { errorInfoOf } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import type { Part, SubtaskSnapshot } from '#src/state/snapshot.js'

/** What its work comes back as, to the checkpoint coordinator. */
export type RetentionStep =
  | {
      readonly type: 'manifest-read'
      readonly retained: RetainedCheckpoint
      readonly outcome: Outcome<Manifest>
    }
  | { readonly type: 'swept'; readonly outcome: Outcome<unknown> }

export interface CheckpointRetentionOptions {
  readonly run: RunId
  readonly blobs: BlobStore
  /** How many checkpoints stay. */
  readonly keep: number
  readonly logger: Logger
}

/**
 * The part of the checkpoint coordinator that keeps checkpoints and lets them go: which the log is to release, and
 * which blobs are deleted then. The log goes first: until it has released a checkpoint, all that it names stays.
 */
export class CheckpointRetention {
  readonly #options: CheckpointRetentionOptions
  readonly #blobs = new RetainedBlobs()
  /** The log is asked to release them. */
  readonly #releasing = new Set<CheckpointId>()
  #swept = false

  constructor(options: CheckpointRetentionOptions) {
    this.#options = options
  }

  /** `retained` is what the log retains; manifests that are not known are read. */
  onAttemptStarted(retained: readonly RetainedCheckpoint[], ctx: ActorContext<RetentionStep>): void {
    this.#swept = false
    for (const { checkpoint, manifest } of retained) this.#blobs.retain(checkpoint, manifest, undefined)
    const unknown = this.#blobs.unknown()
    for (const one of retained) {
      if (!unknown.includes(one.checkpoint)) continue
      ctx.pipeToSelf(loadManifest(this.#options.blobs, one.manifest), (outcome) => ({
        type: 'manifest-read',
        retained: one,
        outcome,
      }))
    }
  }

  /** What it left behind without a manifest is swept by the next one. */
  onAttemptEnded(): void {
    this.#blobs.forgetAttempt()
  }

  /** `snapshots` were stored for a checkpoint that will not be complete. */
  onAborted(checkpoint: CheckpointId, snapshots: readonly SubtaskSnapshot[]): void {
    this.#blobs.abort(checkpoint, snapshots)
  }

  onCompleted(manifest: Manifest, part: Part): void {
    this.#blobs.retain(manifest.checkpoint, part, manifest)
  }

  /** Takes what the log is to release now, each once until the log has answered. */
  takeReleases(): readonly CheckpointId[] {
    const kept = this.#blobs.retained().filter((checkpoint) => !this.#releasing.has(checkpoint))
    const released = releasedBy(kept, this.#options.keep)
    for (const checkpoint of released) this.#releasing.add(checkpoint)
    return released
  }

  onReleaseAnswered(checkpoints: readonly CheckpointId[], logged: boolean): void {
    for (const checkpoint of checkpoints) {
      this.#releasing.delete(checkpoint)
      if (logged) this.#blobs.release(checkpoint)
    }
  }

  onManifestRead({ retained, outcome }: Extract<RetentionStep, { type: 'manifest-read' }>): void {
    if (!outcome.ok)
      return this.#warn('a retained checkpoint cannot be read; no blob is deleted', outcome.error)
    const { checkpoint, manifest } = retained
    if (this.#blobs.retained().includes(checkpoint)) this.#blobs.retain(checkpoint, manifest, outcome.value)
  }

  onSwept({ outcome }: Extract<RetentionStep, { type: 'swept' }>): void {
    if (!outcome.ok) this.#warn('blobs that nobody names were not deleted', outcome.error)
  }

  /** `pending` are snapshots of checkpoints under way: what they name stays. */
  deleteGarbage(pending: readonly SubtaskSnapshot[], ctx: ActorContext<RetentionStep>): void {
    const garbage = this.#blobs.takeGarbage(pending)
    if (garbage.length === 0) return
    ctx.pipeToSelf(this.#options.blobs.delete(garbage), (outcome) => ({ type: 'swept', outcome }))
  }

  /** Once in an attempt: what earlier ones left behind without a manifest. */
  sweep(attempt: Attempt, ctx: ActorContext<RetentionStep>): void {
    const named = this.#blobs.named()
    if (this.#swept || named === undefined) return
    this.#swept = true
    const { blobs, run } = this.#options
    const swept = blobs.list(run).then((all) => blobs.delete(leftoversOf(all, attempt, named)))
    ctx.pipeToSelf(swept, (outcome) => ({ type: 'swept', outcome }))
  }

  #warn(what: string, error: unknown): void {
    this.#options.logger.warn({ error: errorInfoOf(error) }, what)
  }
}
