import { assertNever } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import type { Attempt, CheckpointId, Epoch } from '../kit/ids.js'
import type { LogEntry, LogEvent, LogState, RetainedCheckpoint } from './log-entry.js'

/** Whether an event may be the next entry. A refused one is decided anew, never moved to the next place. */
export type Verdict =
  | { readonly kind: 'accepted'; readonly entry: LogEntry }
  | { readonly kind: 'refused'; readonly reason: string }

const NOTHING: CheckpointId = -1 as CheckpointId

/**
 * What a job's log says so far, and what may be written next: the one place where epochs, attempts and checkpoint ids
 * are compared. Immutable; whoever appends gets the next history from `followedBy`.
 *
 * Of the entries that the log still keeps the last one is enough, because each carries what its readers need.
 */
export class JobHistory {
  readonly last: LogEntry | undefined

  private constructor(last: LogEntry | undefined) {
    this.last = last
  }

  static readonly empty = new JobHistory(undefined)

  /** Of what a log's `read` gave. Throws RT1306 when an entry could not have followed the one before it. */
  static of(entries: readonly LogEntry[]): JobHistory {
    const [first, ...rest] = entries
    if (first === undefined) return JobHistory.empty
    return rest.reduce((history, entry) => history.followedBy(entry), new JobHistory(first))
  }

  /** Place of the newest entry; 0 when there is none. */
  get place(): number {
    return this.last?.place ?? 0
  }

  /** What holds now. */
  get state(): LogState {
    if (this.last !== undefined) return this.last.after
    throw new RetakeError('RT1306', {
      what: 'the log of a job is empty',
      why: 'its first entry says which job it is',
      fix: 'submit the job again, or restore the directory of its log from a copy',
    })
  }

  /** The newest complete checkpoint: where a restart begins. */
  get latest(): RetainedCheckpoint | undefined {
    return this.state.retained.at(-1)
  }

  /** The entry that `event` would be, or why it may not be. */
  propose(event: LogEvent, nonce: string): Verdict {
    const after = this.last === undefined ? firstState(event) : nextState(this.last.after, event)
    if (typeof after === 'string') return { kind: 'refused', reason: after }
    return {
      kind: 'accepted',
      entry: { place: this.place + 1, nonce, previous: this.last?.nonce, event, after },
    }
  }

  /** Whether what `event` asks for holds already: an append that is asked for twice is done once. */
  holds(event: LogEvent): boolean {
    if (this.last === undefined) return false
    const { epoch, attempt, reserved, retained, isCancelling } = this.last.after
    switch (event.type) {
      case 'reserved':
        return (
          reserved !== undefined &&
          reserved.epoch === event.epoch &&
          event.epoch === epoch &&
          reserved.to >= event.to
        )
      case 'completed':
        return retained.some(
          ({ checkpoint, manifest }) =>
            checkpoint === event.checkpoint &&
            manifest.blob === event.manifest.blob &&
            attempt === event.attempt,
        )
      case 'released':
        return (
          event.epoch === epoch && !retained.some(({ checkpoint }) => event.checkpoints.includes(checkpoint))
        )
      case 'started':
        return event.epoch === epoch && attempt === event.attempt
      case 'cancelling':
        return event.epoch === epoch && isCancelling === true
      case 'submitted':
      case 'leads':
      case 'ended':
        return false
      default:
        return assertNever(event)
    }
  }

  /** The history with `entry`, which stands in the log. Throws RT1306 when it could not have been written there. */
  followedBy(entry: LogEntry): JobHistory {
    const verdict = this.propose(entry.event, entry.nonce)
    if (verdict.kind === 'refused') throw damaged(entry, verdict.reason)
    if (verdict.entry.place !== entry.place) throw damaged(entry, `entry ${this.place} stands before it`)
    if (verdict.entry.previous !== entry.previous) throw damaged(entry, 'it was written after another entry')
    return new JobHistory(entry)
  }
}

function firstState(event: LogEvent): LogState | string {
  if (event.type !== 'submitted') return `a log begins with 'submitted', not with '${event.type}'`
  const { run, job, origin } = event
  return {
    run,
    job,
    origin,
    epoch: 0 as Epoch,
    attempt: 0 as Attempt,
    from: undefined,
    reserved: undefined,
    retained: [],
    ended: undefined,
  }
}

/** The state after `event`, or why it may not follow. */
function nextState(now: LogState, event: LogEvent): LogState | string {
  if (event.type === 'submitted') return 'the job was submitted already'
  if (now.ended !== undefined) return `the run has ended (${now.ended.outcome})`
  if (event.type === 'leads') {
    if (event.epoch !== now.epoch + 1) return `epoch ${event.epoch} cannot follow epoch ${now.epoch}`
    return { ...now, epoch: event.epoch }
  }
  if (event.epoch !== now.epoch) return `epoch ${event.epoch} does not lead: epoch ${now.epoch} does`
  switch (event.type) {
    case 'reserved': {
      const from = (Math.max(now.reserved?.to ?? 0, highestOf(now)) + 1) as CheckpointId
      if (event.to < from) return `ids to ${event.to} are reserved already`
      // Under one epoch blocks join: the ids left of the block before may still be used.
      const joined = now.reserved?.epoch === now.epoch ? now.reserved.from : from
      return { ...now, reserved: { epoch: now.epoch, from: joined, to: event.to } }
    }
    case 'started': {
      if (now.isCancelling) return 'the run is being canceled'
      if (event.attempt !== now.attempt + 1)
        return `attempt ${event.attempt} cannot follow attempt ${now.attempt}`
      const latest = now.retained.at(-1)?.checkpoint
      if (event.from !== latest)
        return `checkpoint ${event.from} is not the newest one, ${latest ?? 'there is none'}`
      return { ...now, attempt: event.attempt, from: event.from }
    }
    case 'completed': {
      const fault = completionFault(now, event)
      if (fault !== undefined) return fault
      const { checkpoint, attempt, manifest } = event
      return { ...now, retained: [...now.retained, { checkpoint, attempt, manifest }] }
    }
    case 'cancelling':
      return now.isCancelling ? 'the run is being canceled already' : { ...now, isCancelling: true }
    case 'released': {
      const { checkpoints } = event
      const unknown = checkpoints.filter((id) => !now.retained.some(({ checkpoint }) => checkpoint === id))
      if (unknown.length > 0) return `checkpoint ${unknown.join(', ')} is not retained`
      if (checkpoints.length === 0) return 'nothing is released'
      if (checkpoints.includes(highestOf(now))) return 'the newest checkpoint is what a restart takes'
      return { ...now, retained: now.retained.filter(({ checkpoint }) => !checkpoints.includes(checkpoint)) }
    }
    case 'ended': {
      const { outcome, error } = event
      return { ...now, ended: error === undefined ? { outcome } : { outcome, error } }
    }
    default:
      return assertNever(event)
  }
}

function completionFault(now: LogState, event: Extract<LogEvent, { type: 'completed' }>): string | undefined {
  const { attempt, checkpoint } = event
  if (attempt !== now.attempt) return `attempt ${attempt} is not the current one, ${now.attempt}`
  const highest = highestOf(now)
  if (checkpoint <= highest) return `checkpoint ${highest} is complete, ${checkpoint} came too late`
  if (attempt === 0) {
    const first = now.origin?.checkpoint ?? 0
    return checkpoint === first ? undefined : `the first checkpoint of this run is ${first}`
  }
  const { reserved } = now
  if (
    reserved === undefined ||
    reserved.epoch !== now.epoch ||
    checkpoint < reserved.from ||
    checkpoint > reserved.to
  ) {
    return `id ${checkpoint} was not reserved by epoch ${now.epoch}`
  }
  return undefined
}

function highestOf({ retained }: LogState): CheckpointId {
  return retained.at(-1)?.checkpoint ?? NOTHING
}

function damaged(entry: LogEntry, why: string): RetakeError {
  return new RetakeError('RT1306', {
    what: `entry ${entry.place} ('${entry.event.type}') of the log of a job could not have been written`,
    why,
    fix: 'restore the directory of the log from a copy; the checkpoints that it names may still be started from with --from-checkpoint',
  })
}
