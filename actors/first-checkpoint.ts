import type { ActorContext, Outcome } from '#src/actor/actor.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { firstManifest, type Manifest } from '#src/checkpoint/manifest.js'
import { storeManifest } from '#src/checkpoint/manifest-store.js'
import type { RetainedCheckpoint } from '#src/cluster/log-entry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'
import type { RunId } from '#src/kit/ids.js'
import type { Random } from '#src/kit/random.js'
import { errorOfAsk } from './job-faults.js'
import type { JobSources, SourceResolved } from './job-sources.js'

/** What its work comes back as, to the job master, and from there to `onStep`. */
export type FirstCheckpointStep =
  | SourceResolved
  | { readonly type: 'first-manifest'; readonly outcome: Outcome<RetainedCheckpoint> }

export type FirstCheckpointOutcome =
  | { readonly kind: 'under-way' }
  | { readonly kind: 'failed'; readonly error: ErrorInfo }
  /** Its manifest is in the store; the log has it when it says so. */
  | { readonly kind: 'stored'; readonly checkpoint: RetainedCheckpoint }

export interface FirstCheckpointOptions {
  readonly run: RunId
  readonly plan: JobPlan
  /** The checkpoint of another run that this one begins with, instead of with what its sources resolve. */
  readonly origin: Manifest | undefined
  readonly sources: JobSources
  readonly blobs: BlobStore
  readonly random: Random
  /** Milliseconds since 1970, for display. */
  readonly wallTime: () => number
}

const UNDER_WAY: FirstCheckpointOutcome = { kind: 'under-way' }

/**
 * The part of a job master that makes the checkpoint which the first attempt starts from: where the sources begin and end,
 * resolved once, before the first record.
 */
export class FirstCheckpoint {
  readonly #options: FirstCheckpointOptions
  readonly #ctx: ActorContext<FirstCheckpointStep>

  constructor(options: FirstCheckpointOptions, ctx: ActorContext<FirstCheckpointStep>) {
    this.#options = options
    this.#ctx = ctx
  }

  /** Also after it has failed: only those sources are asked again that have not answered. */
  begin(): void {
    const { origin, sources } = this.#options
    if (origin !== undefined || sources.states !== undefined) this.#store()
    else sources.resolve()
  }

  onStep(step: FirstCheckpointStep): FirstCheckpointOutcome {
    switch (step.type) {
      case 'resolved':
        return this.#onResolved(step)
      case 'first-manifest':
        return step.outcome.ok
          ? { kind: 'stored', checkpoint: step.outcome.value }
          : { kind: 'failed', error: errorInfoOf(step.outcome.error) }
      default:
        return assertNever(step)
    }
  }

  #onResolved({ source, answer }: SourceResolved): FirstCheckpointOutcome {
    const { sources } = this.#options
    if (!answer.ok)
      return { kind: 'failed', error: errorOfAsk(answer.failure, `the source "${source}" was not resolved`) }
    sources.onResolved(source, answer.value)
    if (sources.states !== undefined) this.#store()
    return UNDER_WAY
  }

  #store(): void {
    const { blobs, random } = this.#options
    const manifest = this.#manifest()
    const { checkpoint, attempt } = manifest
    const stored = storeManifest(blobs, manifest, random).then((part) => ({
      checkpoint,
      attempt,
      manifest: part,
    }))
    this.#ctx.pipeToSelf(stored, (outcome) => ({ type: 'first-manifest', outcome }))
  }

  #manifest(): Manifest {
    const { run, plan, origin, sources, wallTime } = this.#options
    return origin ?? firstManifest(run, plan, sources.states ?? [], wallTime())
  }
}
