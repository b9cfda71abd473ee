import type { ActorContext, Answer, Outcome } from '#src/actor/actor.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import type { Manifest } from '#src/checkpoint/manifest.js'
import { loadManifest } from '#src/checkpoint/manifest-store.js'
import { highestId, type LogState } from '#src/cluster/log-entry.js'
import type { ExecutionGraph } from '#src/graph/execution-graph.js'
import { assert, assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf, isCurable } from '#src/kit/errors.js'
import type { Attempt, CheckpointId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import { Adoption, type LivingSubtask } from './adoption.js'
import type { Direction } from './direction.js'
import { JobAttempt } from './job-attempt.js'
import type { JobSlots } from './job-slots.js'
import type { ClaimAnswer, SlotGrant } from './resource-manager.js'
import type { AdoptSlotAnswer } from './task-manager.js'

/** What its questions come back as, to the job master, and from there to `onStep`. */
export type TakeoverStep =
  | { readonly type: 'slots-claimed'; readonly answer: Answer<ClaimAnswer> }
  | { readonly type: 'claim-slots' }
  | {
      readonly type: 'slot-adopted'
      readonly attempt: Attempt
      readonly index: number
      readonly answer: Answer<AdoptSlotAnswer>
    }
  | { readonly type: 'newest-manifest'; readonly outcome: Outcome<Manifest> }
  | { readonly type: 'read-newest' }
  | { readonly type: 'takeover-overdue' }

export type Takeover =
  | { readonly kind: 'under-way' }
  /** All of the attempt is there, and its subtasks take this job master's word from now on. */
  | {
      readonly kind: 'whole'
      readonly attempt: JobAttempt
      readonly manifest: Manifest
      readonly subtasks: readonly LivingSubtask[]
    }
  /** It had failed while nobody led. */
  | { readonly kind: 'failed'; readonly error: ErrorInfo }
  /** Not all of it is there, which is nobody's failure: the next attempt starts. */
  | { readonly kind: 'broken'; readonly reason: string }

const UNDER_WAY: Takeover = { kind: 'under-way' }

export interface JobTakeoverOptions {
  /** What the log says: the attempt, and all that is complete of it. */
  readonly state: LogState
  readonly direction: Direction
  readonly graph: ExecutionGraph
  readonly slots: JobSlots
  readonly blobs: BlobStore
  readonly logger: Logger
}

/**
 * The part of a job master that takes over an attempt which another leader had started, and which runs: finds its slots,
 * has each adopt the new direction, and learns how it stands with every subtask. Nothing is started or ended here.
 */
export class JobTakeover {
  readonly #options: JobTakeoverOptions
  readonly #ctx: ActorContext<TakeoverStep>
  #attempt: JobAttempt | undefined
  #adoption: Adoption | undefined
  #manifest: Manifest | undefined
  #subtasks: readonly LivingSubtask[] | undefined

  constructor(options: JobTakeoverOptions, ctx: ActorContext<TakeoverStep>) {
    this.#options = options
    this.#ctx = ctx
  }

  /** Once its slots are known: from then on what is said of it counts. */
  get attempt(): JobAttempt | undefined {
    return this.#attempt
  }

  begin(): void {
    this.#ctx.after('takeover', LIMITS.adoptMs, { type: 'takeover-overdue' })
    this.#options.slots.claim(this.#number)
    this.#readNewest()
  }

  onStep(step: TakeoverStep): Takeover {
    switch (step.type) {
      case 'slots-claimed':
        return this.#onClaimed(step.answer)
      case 'claim-slots':
        this.#options.slots.claim(this.#number)
        return UNDER_WAY
      case 'slot-adopted':
        return step.attempt === this.#number ? this.#onAdopted(step.index, step.answer) : UNDER_WAY
      case 'newest-manifest':
        return this.#onManifest(step.outcome)
      case 'read-newest':
        this.#readNewest()
        return UNDER_WAY
      case 'takeover-overdue':
        return this.#subtasks === undefined
          ? { kind: 'broken', reason: 'what runs of it does not answer' }
          : UNDER_WAY
      default:
        return assertNever(step)
    }
  }

  get #number(): Attempt {
    return this.#options.state.attempt
  }

  /** No checkpoint up to this one is under way any more: this leadership's ids are higher. */
  get #settled(): CheckpointId {
    return highestId(this.#options.state)
  }

  #onClaimed(answer: Answer<ClaimAnswer>): Takeover {
    if (this.#attempt !== undefined) return UNDER_WAY
    if (answer.ok && answer.value.kind === 'held') return this.#adopt(answer.value.slots)
    if (answer.ok && answer.value.kind === 'missing') {
      return { kind: 'broken', reason: 'not all of its slots are left' }
    }
    this.#ctx.after('claim-slots', LIMITS.slotRetryMs, { type: 'claim-slots' })
    return UNDER_WAY
  }

  #adopt(grants: readonly SlotGrant[]): Takeover {
    const { graph, slots, direction } = this.#options
    const subtasks = graph.subtasks.map(({ id }) => id)
    this.#attempt = new JobAttempt(this.#number, grants, subtasks)
    this.#attempt.start = 'logged'
    this.#adoption = new Adoption(subtasks, grants.length)
    slots.watch(this.#attempt)
    slots.adopt(this.#attempt, direction, this.#settled)
    return UNDER_WAY
  }

  #onAdopted(index: number, answer: Answer<AdoptSlotAnswer>): Takeover {
    const attempt = this.#attempt
    if (attempt === undefined || this.#adoption === undefined || !answer.ok) return UNDER_WAY
    const outcome = this.#adoption.onSlot(index, answer.value)
    switch (outcome.kind) {
      case 'collecting':
        return UNDER_WAY
      case 'failed':
        return outcome
      case 'broken':
        return { kind: 'broken', reason: 'not all of its subtasks are left' }
      case 'whole': {
        for (const [position, slot] of outcome.slots.entries()) attempt.opened[position] = slot
        this.#subtasks = outcome.subtasks
        return this.#settle()
      }
      default:
        return assertNever(outcome)
    }
  }

  #readNewest(): void {
    const { blobs, state } = this.#options
    const newest = state.retained.at(-1)
    assert(newest !== undefined, 'an attempt has started from a checkpoint')
    this.#ctx.pipeToSelf(loadManifest(blobs, newest.manifest), (outcome) => ({
      type: 'newest-manifest',
      outcome,
    }))
  }

  /** However long it takes: what runs needs it for nothing but to go on being directed. */
  #onManifest(outcome: Outcome<Manifest>): Takeover {
    if (outcome.ok) {
      this.#manifest = outcome.value
      return this.#settle()
    }
    const error = errorInfoOf(outcome.error)
    if (!isCurable(error)) return { kind: 'failed', error }
    this.#options.logger.warn({ error }, 'the newest checkpoint could not be read; once more')
    this.#ctx.after('read-newest', LIMITS.logRetryMs, { type: 'read-newest' })
    return UNDER_WAY
  }

  #settle(): Takeover {
    const [attempt, manifest, subtasks] = [this.#attempt, this.#manifest, this.#subtasks]
    if (attempt === undefined || manifest === undefined || subtasks === undefined) return UNDER_WAY
    for (const { subtask, state } of subtasks) attempt.moves(subtask, state)
    return { kind: 'whole', attempt, manifest, subtasks }
  }
}
