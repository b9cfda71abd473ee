import type { CheckpointOptions } from '../graph/job-plan.js'
import { assert } from '../kit/assert.js'
import { type ErrorInfo, errorInfoOf, RetakeError } from '../kit/errors.js'
import type { Attempt, CheckpointId, SubtaskId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { SubtaskSnapshot } from '../state/snapshot.js'
import type { CheckpointIds } from './checkpoint-ids.js'
import type { CheckpointCause, CheckpointRecord, SnapshotTimings } from './checkpoint-record.js'
import { isFinal, type SourceState, snapshotBytes } from './manifest.js'

/**
 * Where a checkpoint is.
 *
 *     opening     the source coordinators are asked for their states
 *     collecting  sources are triggered; snapshots come in
 *     storing     all have come; the manifest is being stored
 *     deciding    the log is asked; only its answer ends this phase, no time does
 */
type Phase = 'opening' | 'collecting' | 'storing' | 'deciding'

interface Pending {
  readonly checkpoint: CheckpointId
  readonly cause: CheckpointCause
  readonly triggeredAt: number
  readonly openedAt: number
  phase: Phase
  sources: readonly SourceState[]
  readonly snapshots: Map<SubtaskId, SubtaskSnapshot>
  readonly barriersDue: Set<SubtaskId>
  bytes: number
  slowest: CheckpointRecord['slowest']
}

/** A checkpoint that was given up. */
export interface AbortedCheckpoint {
  readonly checkpoint: CheckpointId
  readonly record: CheckpointRecord
  /** What had been stored for it: garbage, but for the staged rows. */
  readonly snapshots: readonly SubtaskSnapshot[]
  /** Set when more failures came in a row than the job tolerates: fail the attempt with this. */
  readonly intolerable: ErrorInfo | undefined
}

/** All that was asked for has come: store the manifest, then have it logged. */
export interface CollectedCheckpoint {
  readonly checkpoint: CheckpointId
  readonly triggeredAt: number
  readonly sources: readonly SourceState[]
  readonly snapshots: readonly SubtaskSnapshot[]
}

export interface CompletedCheckpoint {
  readonly checkpoint: CheckpointId
  readonly record: CheckpointRecord
  /** Everything had ended, and every subtask of this attempt has said so: none comes after it. */
  readonly final: boolean
  /** Lower ones that were still pending, but for those that the log is asked about; it covers them. */
  readonly subsumed: readonly AbortedCheckpoint[]
}

export type Acknowledgement =
  | { readonly kind: 'collecting' }
  | ({ readonly kind: 'collected' } & CollectedCheckpoint)
  /** Too late, or of another attempt: the snapshot counts for nothing. */
  | { readonly kind: 'late' }

export interface PendingCheckpointsOptions {
  readonly policy: CheckpointOptions
  readonly attempt: Attempt
  readonly subtasks: readonly SubtaskId[]
  /** Those of `subtasks` that barriers begin at. */
  readonly sources: readonly SubtaskId[]
  readonly ids: CheckpointIds
}

/** Milliseconds: `now` for every decision, `wallTime` for display. */
export interface Instant {
  readonly now: number
  readonly wallTime: number
}

/** A failed final checkpoint of a job without an interval is tried again after this. */
const FINAL_RETRY_MS = 1_000

/**
 * Which checkpoints of one attempt are under way, when the next one may open, and what becomes of each: complete when
 * every subtask has acknowledged and the log says so; else given up. The policy is Flink's: interval, time-out, pause
 * after the end of the one before (which allows one at a time), most at once, failures in a row.
 *
 * A checkpoint that the log is asked about is nobody's to give up: it may be complete already.
 */
export class PendingCheckpoints {
  readonly #policy: CheckpointOptions
  readonly #attempt: Attempt
  readonly #subtasks: ReadonlySet<SubtaskId>
  readonly #sources: readonly SubtaskId[]
  readonly #ids: CheckpointIds
  /** In the order of their ids. */
  readonly #pending = new Map<CheckpointId, Pending>()
  readonly #ended = new Set<SubtaskId>()
  /** Given up, and above the last complete one: their barriers may still wait somewhere. The newest, rising. */
  #aborted: CheckpointId[] = []
  #state: 'deploying' | 'running' | 'finished' | 'closed' = 'deploying'
  /** Failures in a row. */
  #failures = 0
  #requested = false
  #periodicAt = Number.POSITIVE_INFINITY
  #finalAt = Number.POSITIVE_INFINITY
  /** No periodic one opens before. */
  #pauseUntil = 0

  constructor({ policy, attempt, subtasks, sources, ids }: PendingCheckpointsOptions) {
    this.#policy = policy
    this.#attempt = attempt
    this.#subtasks = new Set(subtasks)
    this.#sources = sources
    this.#ids = ids
    assert(
      sources.every((id) => this.#subtasks.has(id)),
      'sources are subtasks',
      { sources, subtasks },
    )
  }

  get attempt(): Attempt {
    return this.#attempt
  }

  /** All subtasks run. The first checkpoint of a run waits for an interval, that of a restart only for the pause. */
  onRunning(now: number, restarted: boolean): void {
    if (this.#state !== 'deploying') return
    this.#state = 'running'
    if (this.#hasInterval()) {
      this.#periodicAt = now + (restarted ? this.#policy.minPauseMs : this.#policy.intervalMs)
    }
    if (this.#allEnded()) this.#finalAt = now
  }

  /** The user wants one now. */
  onRequested(): void {
    this.#requested = true
  }

  /** All inputs of `subtask` have ended and its end hooks have run. */
  onEnded(subtask: SubtaskId, attempt: Attempt, now: number): void {
    if (attempt !== this.#attempt || !this.#subtasks.has(subtask) || this.#ended.has(subtask)) return
    this.#ended.add(subtask)
    if (this.#allEnded()) this.#finalAt = now
  }

  /** Opens the next checkpoint if it is time: ask the source coordinators for their states. */
  open({ now, wallTime }: Instant): CheckpointRecord | undefined {
    const cause = this.#dueCause(now)
    if (cause === undefined || !this.#mayOpen() || !this.#ids.hasNext()) return undefined
    const pending: Pending = {
      checkpoint: this.#ids.next(),
      cause,
      triggeredAt: wallTime,
      openedAt: now,
      phase: 'opening',
      sources: [],
      snapshots: new Map(),
      barriersDue: new Set(this.#sources),
      bytes: 0,
      slowest: undefined,
    }
    this.#pending.set(pending.checkpoint, pending)
    this.#requested = false
    this.#finalAt = Number.POSITIVE_INFINITY
    if (this.#hasInterval()) this.#periodicAt = now + this.#policy.intervalMs
    return this.#recordOf(pending, now)
  }

  /** When `open` or `expire` may have something to do, if nothing else happens. */
  wakeAt(): number | undefined {
    const times: number[] = []
    if (this.#state === 'running' && this.#mayOpen() && this.#ids.hasNext()) {
      times.push(Math.min(this.#finalAt, Math.max(this.#periodicAt, this.#pauseUntil)))
    }
    for (const { phase, openedAt } of this.#pending.values()) {
      if (phase !== 'deciding') times.push(openedAt + this.#policy.timeoutMs)
    }
    const next = Math.min(...times)
    return Number.isFinite(next) ? next : undefined
  }

  /** The source coordinators have answered: trigger the sources. False when it has been given up meanwhile. */
  onSourceStates(checkpoint: CheckpointId, sources: readonly SourceState[]): boolean {
    const pending = this.#pending.get(checkpoint)
    if (pending?.phase !== 'opening') return false
    pending.phase = 'collecting'
    pending.sources = sources
    return true
  }

  /** True once, when all sources have put the barrier out: new assignments of splits may go on. */
  onBarrierEmitted(checkpoint: CheckpointId, subtask: SubtaskId, attempt: Attempt): boolean {
    const pending = this.#pending.get(checkpoint)
    if (pending === undefined || attempt !== this.#attempt) return false
    return pending.barriersDue.delete(subtask) && pending.barriersDue.size === 0
  }

  onAcknowledged(
    word: {
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly attempt: Attempt
      readonly snapshot: SubtaskSnapshot
      readonly timings?: SnapshotTimings
    },
    now: number,
  ): Acknowledgement {
    const { checkpoint, subtask, attempt, snapshot, timings } = word
    const pending = this.#pending.get(checkpoint)
    if (pending === undefined || attempt !== this.#attempt || !this.#subtasks.has(subtask))
      return { kind: 'late' }
    if (pending.phase !== 'collecting' || pending.snapshots.has(subtask)) return { kind: 'collecting' }
    pending.snapshots.set(subtask, snapshot)
    pending.bytes += snapshotBytes(snapshot)
    const durationMs = now - pending.openedAt
    pending.slowest = timings === undefined ? { subtask, durationMs } : { subtask, durationMs, timings }
    if (pending.snapshots.size < this.#subtasks.size) return { kind: 'collecting' }
    pending.phase = 'storing'
    const { triggeredAt, sources } = pending
    return { kind: 'collected', checkpoint, triggeredAt, sources, snapshots: [...pending.snapshots.values()] }
  }

  /** The manifest is stored: ask the log. False when the checkpoint has been given up meanwhile. */
  onStored(checkpoint: CheckpointId): boolean {
    const pending = this.#pending.get(checkpoint)
    if (pending?.phase !== 'storing') return false
    pending.phase = 'deciding'
    return true
  }

  /** The log holds it. Undefined when this attempt does not know it (any more). */
  onLogged(checkpoint: CheckpointId, now: number): CompletedCheckpoint | undefined {
    const completed = this.#pending.get(checkpoint)
    if (completed === undefined) return undefined
    assert(completed.phase === 'deciding', 'the log was not asked', { checkpoint, phase: completed.phase })
    this.#remove(completed, now)
    const subsumed: AbortedCheckpoint[] = []
    for (const older of [...this.#pending.values()]) {
      if (older.checkpoint < checkpoint && older.phase !== 'deciding')
        subsumed.push(this.#abort(older, givenUp(older.checkpoint, 'a newer checkpoint is complete'), now))
    }
    this.#failures = 0
    this.#aborted = this.#aborted.filter((id) => id > checkpoint)
    // One that was restored as ended has ended for this attempt when it says so: before, it would not stay for the end.
    const final = this.#allEnded() && isFinal({ subtasks: [...completed.snapshots.values()] })
    if (final && this.#state !== 'closed') this.#state = 'finished'
    return { checkpoint, record: this.#recordOf(completed, now, 'completed'), final, subsumed }
  }

  /** The log does not take it: another attempt, epoch or checkpoint came first. */
  onRefused(checkpoint: CheckpointId, reason: string, now: number): AbortedCheckpoint | undefined {
    const pending = this.#pending.get(checkpoint)
    if (pending === undefined) return undefined
    const error = new RetakeError('RT1307', {
      what: `the log refused checkpoint ${checkpoint}`,
      why: reason,
      fix: 'nothing: it is decided anew',
    })
    return this.#abort(pending, errorInfoOf(error), now)
  }

  /** A subtask could not take or store its snapshot: counts against the failures that the job tolerates. */
  onDeclined(
    word: {
      readonly checkpoint: CheckpointId
      readonly subtask: SubtaskId
      readonly attempt: Attempt
      readonly reason: ErrorInfo
    },
    now: number,
  ): AbortedCheckpoint | undefined {
    const { checkpoint, subtask, attempt, reason } = word
    const pending = this.#pending.get(checkpoint)
    if (pending === undefined || attempt !== this.#attempt || !this.#subtasks.has(subtask)) return undefined
    if (pending.phase !== 'opening' && pending.phase !== 'collecting') return undefined
    return this.#fail(pending, givenUp(checkpoint, `subtask ${subtask} declined it`, reason), now)
  }

  /** Its manifest, or the states of its source coordinators, could not be had: counts like a declined one. */
  onFailed(checkpoint: CheckpointId, reason: ErrorInfo, now: number): AbortedCheckpoint | undefined {
    const pending = this.#pending.get(checkpoint)
    if (pending === undefined || pending.phase === 'deciding') return undefined
    return this.#fail(pending, givenUp(checkpoint, 'the coordinator could not carry it out', reason), now)
  }

  /** A source does not run (yet, or any more): not counted, the attempt's own fate decides. */
  onNotRunning(checkpoint: CheckpointId, now: number): AbortedCheckpoint | undefined {
    const pending = this.#pending.get(checkpoint)
    if (pending === undefined || pending.phase === 'deciding') return undefined
    return this.#abort(pending, givenUp(checkpoint, 'not all of its subtasks run'), now)
  }

  /** Gives up what has waited longer than the policy allows. */
  expire(now: number): readonly AbortedCheckpoint[] {
    const expired: AbortedCheckpoint[] = []
    for (const pending of [...this.#pending.values()]) {
      if (pending.phase === 'deciding' || now < pending.openedAt + this.#policy.timeoutMs) continue
      expired.push(this.#fail(pending, errorInfoOf(this.#expiryOf(pending)), now))
    }
    return expired
  }

  /** The attempt has ended: gives up everything but what the log was asked about, which stays until it answers. */
  close(now: number): readonly AbortedCheckpoint[] {
    this.#state = 'closed'
    return [...this.#pending.values()]
      .filter(({ phase }) => phase !== 'deciding')
      .map((pending) => this.#abort(pending, givenUp(pending.checkpoint, 'its attempt has ended'), now))
  }

  /** Whether the end of any is still open. */
  hasPending(): boolean {
    return this.#pending.size > 0
  }

  /**
   * Given up since the last complete one, the newest of them; their barriers are to be dropped wherever they wait.
   * Where an older one waits all the same, the next barrier behind it ends its alignment.
   */
  aborted(): readonly CheckpointId[] {
    return this.#aborted
  }

  /** Blobs that pending checkpoints name must stay. */
  snapshots(): readonly SubtaskSnapshot[] {
    return [...this.#pending.values()].flatMap(({ snapshots }) => [...snapshots.values()])
  }

  /** Pending ones, newest first. */
  records(now: number): CheckpointRecord[] {
    return [...this.#pending.values()].map((pending) => this.#recordOf(pending, now)).reverse()
  }

  #dueCause(now: number): CheckpointCause | undefined {
    if (this.#state !== 'running') return undefined
    if (now >= this.#finalAt) return 'final'
    if (this.#requested) return 'on-demand'
    return now >= this.#periodicAt && now >= this.#pauseUntil ? 'periodic' : undefined
  }

  #mayOpen(): boolean {
    const most = this.#policy.minPauseMs > 0 ? 1 : this.#policy.maxConcurrent
    if (this.#pending.size >= most) return false
    for (const { phase } of this.#pending.values()) if (phase === 'opening') return false
    return true
  }

  #hasInterval(): boolean {
    return Number.isFinite(this.#policy.intervalMs) && this.#policy.intervalMs > 0
  }

  #allEnded(): boolean {
    return this.#ended.size === this.#subtasks.size
  }

  #fail(pending: Pending, failure: ErrorInfo, now: number): AbortedCheckpoint {
    this.#failures++
    const aborted = this.#abort(pending, failure, now)
    if (this.#failures <= this.#policy.tolerableFailures) return aborted
    const { tolerableFailures } = this.#policy
    const error = new RetakeError('RT1303', {
      what:
        this.#failures === 1
          ? `checkpoint ${pending.checkpoint} failed`
          : `${this.#failures} checkpoints in a row failed, the last one was ${pending.checkpoint}`,
      why: `the job tolerates ${tolerableFailures === 0 ? 'no failed checkpoint' : `${tolerableFailures} in a row`} (checkpoint.tolerableFailures)`,
      fix: 'look at the cause; if it passes by itself raise that number, if snapshots are only slow checkpoint.timeout',
      where: 'the checkpoint coordinator',
    })
    return { ...aborted, intolerable: { ...errorInfoOf(error), cause: failure } }
  }

  #abort(pending: Pending, failure: ErrorInfo, now: number): AbortedCheckpoint {
    const { checkpoint } = pending
    this.#remove(pending, now)
    this.#aborted = [...this.#aborted, checkpoint].sort((a, b) => a - b).slice(-LIMITS.abortedIds)
    if (this.#allEnded() && !this.#hasInterval()) {
      this.#finalAt = now + Math.max(this.#policy.minPauseMs, FINAL_RETRY_MS)
    }
    return {
      checkpoint,
      record: this.#recordOf(pending, now, 'failed', failure),
      snapshots: [...pending.snapshots.values()],
      intolerable: undefined,
    }
  }

  #remove(pending: Pending, now: number): void {
    this.#pending.delete(pending.checkpoint)
    this.#pauseUntil = now + this.#policy.minPauseMs
    // Opened before the end, it may not have been the final one: that is still due.
    if (this.#allEnded() && pending.cause !== 'final') this.#finalAt = Math.min(this.#finalAt, now)
  }

  #recordOf(
    pending: Pending,
    now: number,
    state: CheckpointRecord['state'] = pending.phase === 'storing' ? 'deciding' : pending.phase,
    failure?: ErrorInfo,
  ): CheckpointRecord {
    const { checkpoint, cause, triggeredAt, openedAt, bytes, snapshots } = pending
    const durationMs = now - openedAt
    const missing = this.#missing(pending)
    return {
      checkpoint,
      attempt: this.#attempt,
      cause,
      state,
      triggeredAt,
      durationMs,
      bytes,
      acknowledged: snapshots.size,
      subtasks: this.#subtasks.size,
      slowest: missing === undefined ? pending.slowest : { subtask: missing, durationMs },
      failure,
    }
  }

  /** A subtask whose snapshot has not come. */
  #missing({ snapshots }: Pending): SubtaskId | undefined {
    for (const subtask of this.#subtasks) if (!snapshots.has(subtask)) return subtask
    return undefined
  }

  #expiryOf(pending: Pending): RetakeError {
    const { checkpoint, phase, snapshots } = pending
    const missing = [...this.#subtasks].filter((subtask) => !snapshots.has(subtask))
    const shown = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ' …' : '')
    return new RetakeError('RT1304', {
      what: `checkpoint ${checkpoint} was not complete after ${this.#policy.timeoutMs} ms`,
      why:
        phase === 'opening'
          ? 'its source coordinators did not answer'
          : missing.length === 0
            ? 'its manifest was not stored in time'
            : `${missing.length} of ${this.#subtasks.size} subtasks did not acknowledge: ${shown}`,
      fix: 'look for backpressure behind the slowest subtask, or raise checkpoint.timeout',
    })
  }
}

function givenUp(checkpoint: CheckpointId, why: string, reason?: ErrorInfo): ErrorInfo {
  const error = new RetakeError('RT1305', {
    what: `checkpoint ${checkpoint} was given up`,
    why,
    fix:
      reason === undefined
        ? 'nothing: the next one covers it'
        : 'look at the cause; the next one is tried by the policy',
  })
  const info = errorInfoOf(error)
  return reason === undefined ? info : { ...info, cause: reason }
}
