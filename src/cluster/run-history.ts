import type { CheckpointRecord } from '../checkpoint/checkpoint-record.js'
import type { ErrorInfo } from '../kit/errors.js'
import type { Attempt, CheckpointId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'

/**
 * What has become of a run so far, for people: whoever leads it writes it down, and nothing is ever decided by it. Plain
 * data; lists are newest first and hold no more than `LIMITS` says, times of day are milliseconds since 1970.
 */
export interface RunHistory {
  readonly attempts: readonly AttemptRecord[]
  /** Those that are over, one way or the other. */
  readonly checkpoints: readonly CheckpointRecord[]
  readonly failures: readonly FailureRecord[]
}

export interface AttemptRecord {
  readonly attempt: Attempt
  readonly from: CheckpointId
  /** Undefined: whoever started it was gone before that was written. */
  readonly startedAt: number | undefined
  /** Undefined: it has not, or nobody was there to see it. */
  readonly ended: AttemptEnd | undefined
}

export interface AttemptEnd {
  readonly at: number
  /** 'moved': off a node that drains. 'given-up': another leader found not all of it. */
  readonly how: 'finished' | 'canceled' | 'failed' | 'moved' | 'given-up'
  readonly reason: string | undefined
}

export interface FailureRecord {
  readonly at: number
  /** The newest one then; 0 when none had started. */
  readonly attempt: Attempt
  readonly error: ErrorInfo
}

export const NO_HISTORY: RunHistory = { attempts: [], checkpoints: [], failures: [] }

/** With an attempt that starts; or goes on, although its former leader may have seen its end coming. */
export function withAttempt(history: RunHistory, { attempt, from, startedAt }: Started): RunHistory {
  const known = history.attempts.find((one) => one.attempt === attempt)
  if (known !== undefined && known.ended === undefined) return history
  return withRecord(history, { attempt, from, startedAt: known?.startedAt ?? startedAt, ended: undefined })
}

type Started = Omit<AttemptRecord, 'ended'>

/** With the end of an attempt; the first one that is known of counts, for what follows it follows from it. */
export function withEnd(history: RunHistory, started: Started, { at, how, reason }: AttemptEnd): RunHistory {
  const known = history.attempts.find(({ attempt }) => attempt === started.attempt)
  if (known?.ended !== undefined) return history
  const ended = { at, how, reason: reason === undefined ? undefined : clipped(reason) }
  return withRecord(history, { ...(known ?? started), ended })
}

export function withFailure(history: RunHistory, { at, attempt, error }: FailureRecord): RunHistory {
  const failures = [{ at, attempt, error: brief(error) }, ...history.failures]
  return { ...history, failures: failures.slice(0, LIMITS.failureRecords) }
}

export function withCheckpoint(history: RunHistory, record: CheckpointRecord): RunHistory {
  const { failure } = record
  const kept = failure === undefined ? record : { ...record, failure: brief(failure) }
  return { ...history, checkpoints: [kept, ...history.checkpoints].slice(0, LIMITS.checkpointRecords) }
}

/** What happened under earlier leaders, and after that. */
export function joined(earlier: RunHistory, later: RunHistory): RunHistory {
  const before = new Map(earlier.attempts.map((record) => [record.attempt, record]))
  const gone = later.attempts.map((record) => {
    const known = before.get(record.attempt)
    before.delete(record.attempt)
    if (known === undefined) return record
    // One that runs goes on, whatever was foreseen; of two ends the first one counts.
    const ended = record.ended === undefined ? undefined : (known.ended ?? record.ended)
    return { ...record, startedAt: known.startedAt ?? record.startedAt, ended }
  })
  return {
    attempts: [...gone, ...before.values()].slice(0, LIMITS.attemptRecords),
    checkpoints: [...later.checkpoints, ...earlier.checkpoints].slice(0, LIMITS.checkpointRecords),
    failures: [...later.failures, ...earlier.failures].slice(0, LIMITS.failureRecords),
  }
}

/** In its place, or as the newest. */
function withRecord(history: RunHistory, record: AttemptRecord): RunHistory {
  const { attempts } = history
  const isKnown = attempts.some(({ attempt }) => attempt === record.attempt)
  const changed = isKnown
    ? attempts.map((one) => (one.attempt === record.attempt ? record : one))
    : [record, ...attempts].slice(0, LIMITS.attemptRecords)
  return { ...history, attempts: changed }
}

/** Without stacks, and with no text that is longer than people read: a history is written again and again. */
function brief({ name, message, code, what, why, fix, where, cause }: ErrorInfo): ErrorInfo {
  const texts = { message: clipped(message), what: clipped(what), why: clipped(why), fix: clipped(fix) }
  return { name, code, ...texts, where, cause: cause === undefined ? undefined : brief(cause) }
}

function clipped(text: string): string
function clipped(text: string | undefined): string | undefined
function clipped(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= LIMITS.historyTextChars) return text
  return `${text.slice(0, LIMITS.historyTextChars - 1)}…`
}
