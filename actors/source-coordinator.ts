import type { Actor, ActorContext, ActorRef, Answer, Asks, Outcome, ReplyTo } from '#src/actor/actor.js'
import type { SourceState } from '#src/checkpoint/manifest.js'
import type { SplitEnumerator } from '#src/connector/source.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf, isCurable, placed } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, Epoch, OperatorId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import type { AssignSplits } from './subtask-message.js'

/** What a source coordinator hears, and from whom. */
export type SourceCoordinatorMessage =
  // the job master
  | ResolveSplits
  | RestoreSplits
  | AttemptRunning
  | ({ readonly type: 'attempt-ended'; readonly attempt: Attempt } & Asks<'ok'>)
  // the checkpoint coordinator
  | TakeSourceState
  | ReleaseAssignments
  // its own steps
  | { readonly type: 'resolved'; readonly outcome: Outcome<readonly SplitPosition[]> }
  | { readonly type: 'discover' }
  | {
      readonly type: 'discovered'
      readonly attempt: Attempt
      readonly outcome: Outcome<readonly SplitPosition[]>
    }
  | {
      readonly type: 'assigned'
      readonly attempt: Attempt
      readonly reader: number
      readonly splits: readonly SplitPosition[]
      readonly answer: Answer<'ok'>
    }
  | { readonly type: 'told' }

/** Resolve splits, once in a run; answered with what checkpoint 0 holds of this source. */
export type ResolveSplits = { readonly type: 'resolve' } & Asks<SourceState>

/** Before each attempt: what the checkpoint that it starts from knows. Counts once in an attempt. */
export type RestoreSplits = {
  readonly type: 'restore'
  readonly attempt: Attempt
  readonly state: SourceState
} & Asks<'ok'>

/**
 * All subtasks of `attempt` run. `readers[i]` is the source subtask of parallel index i. Not answered before `restore`
 * of the same attempt has come.
 */
export type AttemptRunning = {
  readonly type: 'attempt-running'
  readonly attempt: Attempt
  readonly readers: readonly ActorRef<AssignSplits>[]
} & Asks<'ok'>

/** Answered when every assignment has been answered; new ones wait until `barriers-emitted` or `aborted`. */
export type TakeSourceState = {
  readonly type: 'snapshot'
  readonly attempt: Attempt
  readonly checkpoint: CheckpointId
} & Asks<SourceState>

/** `checkpoint` no longer holds assignments back: its barriers are out at every source, or it was given up. */
export type ReleaseAssignments = {
  readonly type: 'barriers-emitted' | 'aborted'
  readonly attempt: Attempt
  readonly checkpoint: CheckpointId
} & Asks<'ok'>

/** What a source coordinator tells the job master: a fault that no later discovery can cure. */
export type SourceCoordinatorReport = {
  readonly type: 'source-failed'
  readonly source: OperatorId
  readonly attempt: Attempt
  readonly error: ErrorInfo
} & Asks<'ok'>

export interface SourceCoordinatorOptions {
  /** Of its job master. */
  readonly epoch: Epoch
  readonly source: OperatorId
  /** `file:line` of the user's call. */
  readonly where: string | undefined
  readonly enumerator: SplitEnumerator
  readonly jobMaster: ActorRef<SourceCoordinatorReport>
  readonly logger: Logger
}

/** What an attempt has beside the splits that are known. */
interface RunningAttempt {
  readonly attempt: Attempt
  readonly readers: readonly ActorRef<AssignSplits>[]
  /** Discovered, and waiting until no checkpoint holds them back. */
  waiting: SplitPosition[]
  /** Assignments whose answers have not come. */
  unanswered: number
  /** Checkpoints whose barriers are not out everywhere. */
  readonly holding: Set<CheckpointId>
  /** Who waits for this coordinator's state; answered once nothing is unanswered. */
  readonly snapshots: Map<CheckpointId, ReplyTo<unknown>>
  /** A checkpoint up to this one, asked about again, is an old question: it holds nothing back. */
  released: CheckpointId | undefined
  discovering: boolean
}

/**
 * Knows the splits of one source: resolves them once, before the first record, then discovers new ones and hands them
 * out. A split stays with its reader for the attempt (split's owner modulo parallelism).
 *
 * In a checkpoint a split is either in this coordinator's state and in its reader's, or in neither: the state is taken
 * when every assignment has been answered and before the sources are triggered, and no new split is handed out until
 * every source has put its barrier out.
 */
export class SourceCoordinator implements Actor<SourceCoordinatorMessage> {
  readonly #options: SourceCoordinatorOptions
  /** Every split that a reader has been given, with the position that it began at. */
  #known = new Map<string, SplitPosition>()
  #resolution: 'none' | 'under-way' | 'done' = 'none'
  #resolvers: ReplyTo<unknown>[] = []
  /** The newest attempt whose checkpoint gave `#known`. */
  #restored = 0 as Attempt
  /** The newest attempt that is known to have ended: it does not run again. */
  #ended = 0 as Attempt
  #running: RunningAttempt | undefined

  constructor(options: SourceCoordinatorOptions) {
    this.#options = options
  }

  receive(message: SourceCoordinatorMessage, ctx: ActorContext<SourceCoordinatorMessage>): void {
    switch (message.type) {
      case 'resolve':
        return this.#resolve(ctx)
      case 'restore':
        ctx.reply('ok')
        return this.#restore(message.attempt, message.state)
      case 'attempt-running':
        return this.#onRunning(message.attempt, message.readers, ctx)
      case 'attempt-ended':
        ctx.reply('ok')
        return this.#onEnded(message.attempt, ctx)
      case 'snapshot':
        return this.#onSnapshot(message.attempt, message.checkpoint, ctx)
      case 'barriers-emitted':
      case 'aborted':
        ctx.reply('ok')
        return this.#onReleased(message.attempt, message.checkpoint, ctx)
      case 'resolved':
        return this.#onResolved(message.outcome, ctx)
      case 'discover':
        return this.#discover(ctx)
      case 'discovered':
        return this.#onDiscovered(message.attempt, message.outcome, ctx)
      case 'assigned':
        return this.#onAssigned(message, ctx)
      case 'told':
        return
      default:
        assertNever(message)
    }
  }

  stop(): void {
    // Its connections may be broken; nobody is left to hear of it.
    this.#options.enumerator.close().catch(() => undefined)
  }

  // Resolving, once in a run.

  #resolve(ctx: ActorContext<SourceCoordinatorMessage>): void {
    if (this.#resolution === 'done') return ctx.reply(this.#state())
    if (ctx.asker !== undefined) this.#resolvers.push(ctx.asker)
    if (this.#resolution === 'under-way') return
    this.#resolution = 'under-way'
    ctx.pipeToSelf(this.#options.enumerator.resolve(), (outcome) => ({ type: 'resolved', outcome }))
  }

  #onResolved(outcome: Outcome<readonly SplitPosition[]>, ctx: ActorContext<SourceCoordinatorMessage>): void {
    if (this.#resolution !== 'under-way') return
    this.#resolution = outcome.ok ? 'done' : 'none'
    if (outcome.ok) for (const split of outcome.value) this.#known.set(split.split, split)
    for (const resolver of this.#resolvers.splice(0)) {
      if (outcome.ok) ctx.replyTo(resolver, { ok: true, value: this.#state() })
      else
        ctx.replyTo(resolver, { ok: false, error: errorInfoOf(placed(outcome.error, this.#options.where)) })
    }
  }

  // Attempts: the splits that are known came to the readers when they were deployed.

  /** A repeat, or a word of an older attempt, must not take back what this one has handed out since. */
  #restore(attempt: Attempt, state: SourceState): void {
    if (attempt <= this.#restored) return
    this.#restored = attempt
    // What an earlier attempt discovered after this checkpoint is discovered again.
    this.#known = new Map(state.splits.map((split) => [split.split, split]))
    this.#resolution = 'done'
    this.#running = undefined
  }

  #onRunning(
    attempt: Attempt,
    readers: readonly ActorRef<AssignSplits>[],
    ctx: ActorContext<SourceCoordinatorMessage>,
  ): void {
    // Not restored: what is known is of another attempt. Without an answer the word comes again.
    if (attempt > Math.max(this.#restored, this.#ended)) return
    ctx.reply('ok')
    if (attempt !== this.#restored || attempt <= this.#ended || attempt === this.#running?.attempt) return
    this.#running = {
      attempt,
      readers,
      waiting: [],
      unanswered: 0,
      holding: new Set(),
      snapshots: new Map(),
      released: undefined,
      discovering: false,
    }
    this.#discoverLater(ctx)
  }

  #onEnded(attempt: Attempt, ctx: ActorContext<SourceCoordinatorMessage>): void {
    if (attempt > this.#ended) this.#ended = attempt
    if (this.#running?.attempt !== attempt) return
    this.#running = undefined
    ctx.cancel('discover')
  }

  #discoverLater(ctx: ActorContext<SourceCoordinatorMessage>): void {
    const { discoverEveryMs } = this.#options.enumerator
    if (discoverEveryMs !== undefined) ctx.after('discover', discoverEveryMs, { type: 'discover' })
  }

  #discover(ctx: ActorContext<SourceCoordinatorMessage>): void {
    const running = this.#running
    if (running === undefined || running.discovering) return
    running.discovering = true
    const { attempt, waiting } = running
    const known = new Set([...this.#known.keys(), ...waiting.map(({ split }) => split)])
    ctx.pipeToSelf(this.#options.enumerator.discover(known), (outcome) => ({
      type: 'discovered',
      attempt,
      outcome,
    }))
  }

  #onDiscovered(
    attempt: Attempt,
    outcome: Outcome<readonly SplitPosition[]>,
    ctx: ActorContext<SourceCoordinatorMessage>,
  ): void {
    const running = this.#running
    if (running?.attempt !== attempt) return
    running.discovering = false
    const { source, logger, jobMaster } = this.#options
    if (!outcome.ok) {
      const error = errorInfoOf(placed(outcome.error, this.#options.where))
      if (!isCurable(error)) {
        const failed: SourceCoordinatorReport = { type: 'source-failed', source, attempt, error }
        return ctx.ask(jobMaster, failed, LIMITS.controlAsk, () => ({ type: 'told' }))
      }
      logger.warn({ source, error }, 'new splits could not be looked for; it is tried again')
    } else {
      const fresh = outcome.value.filter(({ split }) => !this.#known.has(split))
      if (fresh.length > 0) logger.info({ source, splits: fresh.map(({ split }) => split) }, 'new splits')
      running.waiting.push(...fresh)
      this.#assign(running, ctx)
    }
    this.#discoverLater(ctx)
  }

  /** Hands out what waits, unless a checkpoint holds it back. */
  #assign(running: RunningAttempt, ctx: ActorContext<SourceCoordinatorMessage>): void {
    if (running.holding.size > 0) return
    const { readers } = running
    for (const [reader] of readers.entries()) {
      const splits = running.waiting.filter(({ owner }) => owner % readers.length === reader)
      if (splits.length === 0) continue
      running.unanswered++
      this.#tell(running, reader, splits, ctx)
    }
    running.waiting = []
  }

  #tell(
    { attempt, readers }: RunningAttempt,
    reader: number,
    splits: readonly SplitPosition[],
    ctx: ActorContext<SourceCoordinatorMessage>,
  ): void {
    const ref = readers[reader]
    if (ref === undefined) return
    // From here on the reader may have them, whatever becomes of its answer.
    for (const split of splits) this.#known.set(split.split, split)
    const assign: AssignSplits = { type: 'assign', epoch: this.#options.epoch, splits }
    ctx.ask(ref, assign, LIMITS.controlAsk, (answer) => ({
      type: 'assigned',
      attempt,
      reader,
      splits,
      answer,
    }))
  }

  #onAssigned(
    { attempt, reader, splits, answer }: Extract<SourceCoordinatorMessage, { type: 'assigned' }>,
    ctx: ActorContext<SourceCoordinatorMessage>,
  ): void {
    const running = this.#running
    if (running?.attempt !== attempt) return
    if (!answer.ok) return this.#tell(running, reader, splits, ctx)
    running.unanswered--
    this.#answerSnapshots(running, ctx)
  }

  // Checkpoints.

  #onSnapshot(attempt: Attempt, checkpoint: CheckpointId, ctx: ActorContext<SourceCoordinatorMessage>): void {
    const running = this.#running
    // Not yet told that its attempt runs, or no longer: without an answer the question comes again.
    if (running?.attempt !== attempt) return
    if (running.released !== undefined && checkpoint <= running.released && !running.holding.has(checkpoint))
      return
    running.holding.add(checkpoint)
    if (ctx.asker !== undefined) running.snapshots.set(checkpoint, ctx.asker)
    this.#answerSnapshots(running, ctx)
  }

  #answerSnapshots(running: RunningAttempt, ctx: ActorContext<SourceCoordinatorMessage>): void {
    if (running.unanswered > 0) return
    for (const asker of running.snapshots.values()) ctx.replyTo(asker, { ok: true, value: this.#state() })
    running.snapshots.clear()
  }

  #onReleased(attempt: Attempt, checkpoint: CheckpointId, ctx: ActorContext<SourceCoordinatorMessage>): void {
    const running = this.#running
    if (running?.attempt !== attempt) return
    running.holding.delete(checkpoint)
    running.snapshots.delete(checkpoint)
    if (running.released === undefined || checkpoint > running.released) running.released = checkpoint
    this.#assign(running, ctx)
  }

  #state(): SourceState {
    return { source: this.#options.source, splits: [...this.#known.values()] }
  }
}
