import type { JobEvent } from '#actors/job-event.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { JobStatus } from '#src/graph/job-status.js'
import type { CheckpointId } from '#src/kit/ids.js'

/** What somebody answers who is asked how a job is doing: of its current attempt. */
export interface JobState {
  readonly status: JobStatus
  readonly reason: string | undefined
  readonly attempt: number
  readonly checkpoints: readonly CheckpointRecord[]
}

/** Something that was heard of a job, and when: milliseconds of `performance.now()`. */
export interface Moment {
  /** An attempt begins, all its subtasks run; it fails, or a checkpoint of it does. */
  readonly what: 'attempt' | 'running' | 'failure' | 'failed-checkpoint'
  readonly at: number
  /** For people. */
  readonly told: string
}

/**
 * What has been heard of one run, whoever told it: its events as they happen, over all the processes that ran it, and
 * answers to those who ask. The same thing may be heard twice, and an event may be lost with the link that carries it.
 */
export class JobProgress {
  readonly #waiting = new Set<() => void>()
  readonly #completed = new Set<CheckpointId>()
  readonly #failed = new Set<CheckpointId>()
  #refusal: string | undefined
  /** Of the attempt under way. */
  #started = 0
  /** The highest attempt of which all subtasks ran. */
  attempt = 0
  /** Records that the sources of the attempt under way have emitted. */
  recordsIn = 0
  outcome: string | undefined
  readonly failures: string[] = []
  readonly #moments: Moment[] = []

  get completedCheckpoints(): number {
    return this.#completed.size
  }

  get failedCheckpoints(): number {
    return this.#failed.size
  }

  /** In the order in which they were heard of. */
  get moments(): readonly Moment[] {
    return this.#moments
  }

  /** Milliseconds from `at` to the first such moment after it, if there was one. */
  after(at: number, what: Moment['what']): number | undefined {
    const first = this.#moments.find((moment) => moment.what === what && moment.at >= at)
    return first === undefined ? undefined : first.at - at
  }

  onRefused(message: string): void {
    this.#refusal = message
    this.changed()
  }

  onEvent(event: JobEvent): void {
    if (event.type === 'attempt') this.#starts(event.attempt)
    if (event.type === 'status' && event.status === 'RUNNING' && event.reason === undefined)
      this.#runs(this.#started)
    if (event.type === 'metrics') this.recordsIn = event.metrics.recordsIn
    if (event.type === 'failure') {
      this.failures.push(event.error.message)
      this.#note('failure', event.error.message)
    }
    if (event.type === 'ended') this.outcome = event.outcome
    if (event.type === 'checkpoint') this.#onCheckpoint(event.record)
    this.changed()
  }

  onState({ status, reason, attempt, checkpoints }: JobState): void {
    this.#starts(attempt)
    if (status === 'RUNNING' && reason === undefined) this.#runs(attempt)
    if (status === 'FAILED') this.outcome ??= 'failed'
    if (status === 'CANCELED') this.outcome ??= 'canceled'
    for (const record of checkpoints) this.#onCheckpoint(record)
    this.changed()
  }

  /** Resolves when `isTrue`; rejects when the job cannot go on, or after `seconds`. */
  async until(what: string, isTrue: () => boolean, seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1_000
    while (!isTrue()) {
      if (this.#refusal !== undefined) throw new Error(`the job was refused: ${this.#refusal}`)
      if (this.outcome === 'failed') throw new Error(`the job has failed: ${this.failures.at(-1)}`)
      if (Date.now() > deadline)
        throw new Error(`waited ${seconds} s in vain until ${what}; failures: ${this.failures.join(' | ')}`)
      await this.#nextChange()
    }
  }

  /** Whoever waits looks again. */
  changed(): void {
    for (const wake of this.#waiting) wake()
  }

  #starts(attempt: number): void {
    if (attempt <= this.#started) return
    this.#started = attempt
    this.#note('attempt', `attempt ${attempt}`)
  }

  #runs(attempt: number): void {
    if (attempt <= this.attempt) return
    this.attempt = attempt
    this.#note('running', `attempt ${attempt} runs`)
  }

  #onCheckpoint({ state, checkpoint, failure }: CheckpointRecord): void {
    if (state === 'completed') this.#completed.add(checkpoint)
    if (state !== 'failed' || this.#failed.has(checkpoint)) return
    this.#failed.add(checkpoint)
    this.#note('failed-checkpoint', `checkpoint ${checkpoint} failed: ${failure?.message ?? 'for no reason'}`)
  }

  #note(what: Moment['what'], told: string): void {
    this.#moments.push({ what, at: performance.now(), told })
  }

  /** Something was heard, or a second is over: what is waited for may also depend on others. */
  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake(), 1_000)
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
    })
  }
}
