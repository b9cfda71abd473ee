import type { Outcome } from '#src/actor/actor.js'
import { JobHistory } from '#src/cluster/job-history.js'
import type { JobLog } from '#src/cluster/job-log.js'
import type { LogEntry, LogEvent, LogState } from '#src/cluster/log-entry.js'
import { assert } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf, isCurable, RetakeError } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'

/** What became of one step at the log; comes back to the job master as a message, and from there to `onStep`. */
export type LogStep =
  | { readonly kind: 'read'; readonly history: JobHistory }
  | { readonly kind: 'appended'; readonly answer: 'written' | 'taken' }

export type Appended =
  | { readonly kind: 'logged'; readonly entry: LogEntry }
  /** The rules of the log forbid it, or a higher epoch leads. */
  | { readonly kind: 'refused'; readonly reason: string }

/** 'unknown': call `again` after a while. 'damaged': what stands there cannot be, and will not be, a job's log. */
export type Known =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' | 'damaged'; readonly error: ErrorInfo }

interface Pending {
  readonly event: LogEvent
  readonly then: (appended: Appended) => void
}

type Step =
  | { readonly kind: 'idle' }
  | { readonly kind: 'reading' }
  | { readonly kind: 'writing'; readonly pending: Pending; readonly entry: LogEntry }

export interface LogWriterOptions {
  readonly log: JobLog
  /** A new token for each entry, unique for ever. */
  readonly nonce: () => string
  readonly now: () => number
  /** Brings the outcome of `work` back to `onStep`, in a turn of the job master's. */
  readonly pipe: (work: Promise<LogStep>) => void
  /** The log was read: from now on `state` holds. Called once. */
  readonly onRead: () => void
}

/**
 * The job master's hand at its job's log: one entry at a time, the next not begun before the one under way is known to
 * be written or not. No answer means unknown: the same entry goes to the same place again, until it is answered.
 *
 * A read that shows less than is known to stand there is not believed: whoever answered it may just have been voted out.
 * Only when that does not change for a while is the log taken for what it says.
 */
export class LogWriter {
  readonly #options: LogWriterOptions
  readonly #waiting: Pending[] = []
  #history: JobHistory | undefined
  /** An entry stands at this place. A run that has a job master was submitted. */
  #confirmed = 1
  /** Not the last entry: something else stands at its place, or at the next. */
  #outdated: string | undefined
  #behindSince: number | undefined
  #step: Step = { kind: 'idle' }

  constructor(options: LogWriterOptions) {
    this.#options = options
  }

  /** What holds after the last known entry. Not before the log has been read. */
  get state(): LogState {
    assert(this.#history !== undefined, 'the log is used before it was read')
    return this.#history.state
  }

  read(): void {
    this.#step = { kind: 'reading' }
    this.#options.pipe(readHistory(this.#options.log, this.#confirmed, this.#outdated))
  }

  append(event: LogEvent, then: (appended: Appended) => void): void {
    this.#waiting.push({ event, then })
    this.#next()
  }

  onStep(outcome: Outcome<LogStep>): Known {
    if (!outcome.ok) return this.#onFailed(errorInfoOf(outcome.error))
    this.#behindSince = undefined
    if (outcome.value.kind === 'read') this.#onRead(outcome.value.history)
    else this.#onAppended(outcome.value.answer)
    return { kind: 'known' }
  }

  #onFailed(error: ErrorInfo): Known {
    if (!isCurable(error)) return { kind: 'damaged', error }
    if (error.code !== 'RT1308') {
      this.#behindSince = undefined
      return { kind: 'unknown', error }
    }
    const now = this.#options.now()
    this.#behindSince ??= now
    if (now - this.#behindSince < LIMITS.logBehindMs) return { kind: 'unknown', error }
    return { kind: 'damaged', error: errorInfoOf(lost(error)) }
  }

  again(): void {
    if (this.#step.kind === 'reading') this.read()
    else if (this.#step.kind === 'writing') this.#write(this.#step.entry)
  }

  #onRead(history: JobHistory): void {
    const first = this.#history === undefined
    this.#history = history
    this.#confirmed = history.place
    this.#outdated = undefined
    this.#step = { kind: 'idle' }
    if (first) this.#options.onRead()
    this.#next()
  }

  #onAppended(answer: 'written' | 'taken'): void {
    const step = this.#step
    assert(step.kind === 'writing' && this.#history !== undefined, 'an answer without an entry under way', {
      answer,
    })
    if (answer === 'taken') {
      this.#outdated = step.entry.previous
      // Another stands there: what it says may forbid ours, so ours is decided anew over the log as it is now.
      this.#waiting.unshift(step.pending)
      return this.read()
    }
    this.#step = { kind: 'idle' }
    this.#confirmed = step.entry.place
    this.#history = this.#history.followedBy(step.entry)
    step.pending.then({ kind: 'logged', entry: step.entry })
    this.#next()
  }

  #next(): void {
    if (this.#step.kind !== 'idle' || this.#history === undefined) return
    const pending = this.#waiting.shift()
    if (pending === undefined) return
    const { last } = this.#history
    if (last !== undefined && this.#history.holds(pending.event)) {
      pending.then({ kind: 'logged', entry: last })
      return this.#next()
    }
    const verdict = this.#history.propose(pending.event, this.#options.nonce())
    if (verdict.kind === 'refused') {
      pending.then(verdict)
      return this.#next()
    }
    this.#step = { kind: 'writing', pending, entry: verdict.entry }
    this.#write(verdict.entry)
  }

  #write(entry: LogEntry): void {
    this.#options.pipe(this.#options.log.append(entry).then((answer) => ({ kind: 'appended', answer })))
  }
}

/** Rejects with RT1306 for what is no log of a job, with RT1308 for one that does not reach to what stands there. */
async function readHistory(log: JobLog, confirmed: number, outdated: string | undefined): Promise<LogStep> {
  const history = JobHistory.of(await log.read())
  const isOutdated = outdated !== undefined && history.last?.nonce === outdated
  if (history.place >= confirmed && !isOutdated) return { kind: 'read', history }
  throw new RetakeError('RT1308', {
    what: `the log of the job ends at entry ${history.place}, though entry ${isOutdated ? history.place + 1 : confirmed} was there`,
    why: 'a server that no longer leads has answered, or what was confirmed is lost',
    fix: 'wait; if it stays so, start a new run from its newest checkpoint (--from-checkpoint)',
  })
}

function lost({ what = 'the log shows less than it has confirmed' }: ErrorInfo): RetakeError {
  return new RetakeError('RT1306', {
    what,
    why: 'the store has lost what it had confirmed, or was set back to an older copy',
    fix: 'start a new run from its newest checkpoint (--from-checkpoint); keep JetStream on three servers',
  })
}
