import type { ActorContext, Outcome } from '#src/actor/actor.js'
import type { HistoryDocuments } from '#src/cluster/history-documents.js'
import type { LogState } from '#src/cluster/log-entry.js'
import {
  type AttemptEnd,
  type AttemptRecord,
  joined,
  NO_HISTORY,
  type RunHistory,
  withAttempt,
  withCheckpoint,
  withEnd,
  withFailure,
} from '#src/cluster/run-history.js'
import { assertNever } from '#src/kit/assert.js'
import { errorInfoOf } from '#src/kit/errors.js'
import type { Attempt, Epoch } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { Told } from './job-story.js'

/** What comes back to the job master, and from there to `onStep`. */
export type HistoryStep =
  | { readonly kind: 'read'; readonly outcome: Outcome<RunHistory | undefined> }
  | { readonly kind: 'written'; readonly history: RunHistory; readonly outcome: Outcome<void> }
  | { readonly kind: 'cleared'; readonly outcome: Outcome<void> }
  | { readonly kind: 'due' }
  | { readonly kind: 'end-overdue' }

export type HistoryMessage = { readonly type: 'history-step'; readonly step: HistoryStep }

/** What it needs of its job master. */
export type HistoryContext = Pick<ActorContext<HistoryMessage>, 'after' | 'cancel' | 'pipeToSelf'>

export interface HistoryKeeperOptions {
  readonly documents: HistoryDocuments
  /** Milliseconds since 1970, for display. */
  readonly wallTime: () => number
  readonly logger: Logger
}

/**
 * Where the document stands.
 *
 *     unled      nobody leads here: nothing is read, and nothing written
 *     reading    what earlier leaderships have written: before that is known, nothing may take its place
 *     unread     the store was away; it is asked again after a while
 *     ready      the next change is written at once
 *     writing    one put is under way, and never two
 *     resting    it was written a moment ago, or could not be: changes wait
 */
type Standing = 'unled' | 'reading' | 'unread' | 'ready' | 'writing' | 'resting'

/**
 * The part of a job master that keeps the history of its run where it outlives the leader, the cluster and the run. For
 * people: a store that is full, slow or away costs some of the history, and never keeps the job waiting.
 */
export class HistoryKeeper {
  readonly #options: HistoryKeeperOptions
  readonly #ctx: HistoryContext
  #known: RunHistory = NO_HISTORY
  /** The one that stands in the document: values are never changed, so another one is news. */
  #written: RunHistory = NO_HISTORY
  #standing: Standing = 'unled'
  #epoch = 0 as Epoch
  /** The newest attempt that an earlier leader has started. */
  #inherited = 0 as Attempt
  /** The newest attempt. */
  #current: Pick<AttemptRecord, 'attempt' | 'from' | 'startedAt'> | undefined
  /** Earlier leaderships may have left documents. */
  #hasOlder = false
  #isTroubled = false
  /** What waits for the last put. */
  #afterEnd: (() => void) | undefined

  constructor(options: HistoryKeeperOptions, ctx: HistoryContext) {
    this.#options = options
    this.#ctx = ctx
  }

  /** All that is known by now. */
  get known(): RunHistory {
    return this.#known
  }

  /** This leadership has begun. `state`: what the log said then. */
  begin(epoch: Epoch, { attempt, from }: Pick<LogState, 'attempt' | 'from'>): void {
    this.#epoch = epoch
    this.#inherited = attempt
    this.#hasOlder = epoch > 1
    if (from !== undefined) this.#current = { attempt, from, startedAt: undefined }
    this.#read()
  }

  onTold(told: Told): void {
    switch (told.type) {
      case 'attempt': {
        const { attempt, from } = told
        const startedAt = attempt > this.#inherited ? this.#options.wallTime() : undefined
        this.#current = { attempt, from, startedAt }
        return this.#change(withAttempt(this.#known, this.#current))
      }
      case 'failure': {
        const { error } = told
        const [at, attempt] = [this.#options.wallTime(), this.#current?.attempt ?? (0 as Attempt)]
        const failed = withFailure(this.#known, { at, attempt, error })
        return this.#change(this.#withEnd(failed, { at, how: 'failed', reason: error.message }))
      }
      case 'checkpoint': {
        const { record } = told
        const isOver = record.state === 'completed' || record.state === 'failed'
        return isOver ? this.#change(withCheckpoint(this.#known, record)) : undefined
      }
      case 'metrics':
      case 'ended':
      case 'status':
        return
      default:
        assertNever(told)
    }
  }

  /** The newest attempt. Of failures it is known from what is told. */
  onAttemptEnded(how: AttemptEnd['how'], reason?: string): void {
    this.#change(this.#withEnd(this.#known, { at: this.#options.wallTime(), how, reason }))
  }

  /** The run has ended. `then` is called once that is written, or after a moment without that. */
  onEnded(how: AttemptEnd['how'], then: () => void): void {
    this.onAttemptEnded(how)
    if (this.#standing === 'unled' || this.#standing === 'unread') return then()
    this.#afterEnd = then
    this.#ctx.after('history-end', LIMITS.historyEndMs, stepOf({ kind: 'end-overdue' }))
    this.#advance()
  }

  onStep(step: HistoryStep): void {
    switch (step.kind) {
      case 'read':
        return this.#onRead(step.outcome)
      case 'written':
        return this.#onWritten(step.history, step.outcome)
      case 'cleared':
        if (!step.outcome.ok) this.#hasOlder = true
        return
      case 'due':
        if (this.#standing === 'unread') return this.#read()
        this.#standing = 'ready'
        return this.#advance()
      case 'end-overdue':
        return this.#finish()
      default:
        assertNever(step)
    }
  }

  #withEnd(history: RunHistory, ended: AttemptEnd): RunHistory {
    return this.#current === undefined ? history : withEnd(history, this.#current, ended)
  }

  #change(history: RunHistory): void {
    this.#known = history
    this.#advance()
  }

  #read(): void {
    this.#standing = 'reading'
    const read = this.#options.documents.newest(this.#epoch)
    this.#ctx.pipeToSelf(read, (outcome) => stepOf({ kind: 'read', outcome }))
  }

  #onRead(outcome: Outcome<RunHistory | undefined>): void {
    if (!outcome.ok) {
      this.#warn(outcome.error)
      this.#rest('unread', LIMITS.historyRetryMs)
      return this.#finish()
    }
    // What stands under an earlier epoch does not stand under this one: it is news, too.
    if (outcome.value !== undefined) this.#known = joined(outcome.value, this.#known)
    this.#standing = 'ready'
    this.#advance()
  }

  /** Writes what has changed, where it may. The end of the run does not wait for a rest to be over. */
  #advance(): void {
    const mayWrite =
      this.#standing === 'ready' || (this.#standing === 'resting' && this.#afterEnd !== undefined)
    if (!mayWrite) return
    if (this.#known === this.#written) return this.#finish()
    const { documents } = this.#options
    const history = this.#known
    this.#standing = 'writing'
    this.#ctx.pipeToSelf(documents.put(this.#epoch, history), (outcome) =>
      stepOf({ kind: 'written', history, outcome }),
    )
  }

  #onWritten(history: RunHistory, outcome: Outcome<void>): void {
    if (!outcome.ok) {
      this.#warn(outcome.error)
      this.#rest('resting', LIMITS.historyRetryMs)
      return this.#finish()
    }
    this.#isTroubled = false
    this.#written = history
    this.#clear()
    this.#rest('resting', LIMITS.historyEveryMs)
    this.#advance()
  }

  #clear(): void {
    if (!this.#hasOlder) return
    this.#hasOlder = false
    const cleared = this.#options.documents.deleteBefore(this.#epoch)
    this.#ctx.pipeToSelf(cleared, (outcome) => stepOf({ kind: 'cleared', outcome }))
  }

  #rest(standing: 'unread' | 'resting', forMs: number): void {
    this.#standing = standing
    this.#ctx.after('history', forMs, stepOf({ kind: 'due' }))
  }

  #finish(): void {
    const then = this.#afterEnd
    if (then === undefined) return
    this.#afterEnd = undefined
    this.#ctx.cancel('history-end')
    then()
  }

  /** Once, until it can be written again. */
  #warn(thrown: unknown): void {
    if (this.#isTroubled) return
    this.#isTroubled = true
    const error = errorInfoOf(thrown)
    this.#options.logger.warn({ error }, 'the history of the run cannot be kept; the run goes on')
  }
}

function stepOf(step: HistoryStep): HistoryMessage {
  return { type: 'history-step', step }
}
