import { assert } from '../kit/assert.js'
import type { Cancel, Clock } from '../kit/clock.js'
import type { SystemId } from '../kit/ids.js'
import type { Address, Answer, AskFailure, AskOptions } from './actor.js'
import { systemOf } from './address.js'

/** A question under way. */
export interface Question {
  readonly to: Address
  readonly from: Address
  readonly body: unknown
  readonly options: AskOptions
  /** Hears the answer or the failure, once. */
  readonly settle: (answer: Answer<unknown>, correlation: number) => void
}

class Pending {
  readonly question: Question
  readonly cancelDeadline: Cancel
  cancelRepeat: Cancel | undefined = undefined
  /** What is done when it is time to put the question again. */
  whenRepeated: 'put' | 'give-up' = 'put'

  constructor(question: Question, cancelDeadline: Cancel) {
    this.question = question
    this.cancelDeadline = cancelDeadline
  }
}

/**
 * The questions that a system has asked and not heard about. Each is settled exactly once: by its answer, by a failure,
 * or by its deadline; whatever comes later is counted and dropped.
 *
 * A question with `repeatMs` is idempotent and is put again, under the same number, until it is answered or its time is
 * over: that nobody listens there now, that the link is down or a mailbox full then only delays it. Only of a system that
 * has gone for good is nothing more expected: no other will ever have its id.
 */
export class PendingAsks {
  readonly #clock: Clock
  readonly #put: (question: Question, correlation: number) => void
  readonly #pending = new Map<number, Pending>()
  #correlation = 0
  #late = 0

  /** @param put delivers a question; may settle it at once */
  constructor(clock: Clock, put: (question: Question, correlation: number) => void) {
    this.#clock = clock
    this.#put = put
  }

  get size(): number {
    return this.#pending.size
  }

  /** Answers that came when nobody waited for them any more. */
  get late(): number {
    return this.#late
  }

  isPending(correlation: number): boolean {
    return this.#pending.has(correlation)
  }

  ask(question: Question): number {
    const { timeoutMs } = question.options
    assert(Number.isFinite(timeoutMs) && timeoutMs >= 0, 'an ask has a deadline', {
      timeoutMs,
      to: question.to,
    })
    const correlation = ++this.#correlation
    const cancelDeadline = this.#clock.after(timeoutMs, () =>
      this.#settle(correlation, failed({ kind: 'timed-out' })),
    )
    this.#pending.set(correlation, new Pending(question, cancelDeadline))
    this.#putAgain(correlation)
    return correlation
  }

  onAnswer(correlation: number, answer: Answer<unknown>): void {
    if (!answer.ok && answer.failure.kind !== 'failed') this.onUndelivered(correlation, answer.failure)
    else this.#settle(correlation, answer)
  }

  /** The question did not reach a mailbox. */
  onUndelivered(correlation: number, failure: AskFailure): void {
    const pending = this.#pending.get(correlation)
    if (pending === undefined || pending.question.options.repeatMs !== undefined) return
    this.#settle(correlation, failed(failure))
  }

  /**
   * Nobody in `system` will answer any more. A question that would be put again is given up when its turn comes: whoever
   * knows why the system ended has told it by then, and that is worth more than "no responder".
   */
  onSystemGone(system: SystemId): void {
    for (const [correlation, pending] of this.#pending) {
      const { to, options } = pending.question
      if (systemOf(to) !== system) continue
      if (options.repeatMs === undefined) this.#settle(correlation, failed({ kind: 'no-responder' }))
      else pending.whenRepeated = 'give-up'
    }
  }

  /** Whoever asked has ended. */
  forget(correlation: number): void {
    const pending = this.#pending.get(correlation)
    if (pending === undefined) return
    this.#pending.delete(correlation)
    pending.cancelDeadline()
    pending.cancelRepeat?.()
  }

  clear(): void {
    for (const correlation of [...this.#pending.keys()]) this.forget(correlation)
  }

  /** The system ends: whoever still waits hears that nobody answers. */
  failAll(): void {
    for (const correlation of [...this.#pending.keys()])
      this.#settle(correlation, failed({ kind: 'no-responder' }))
  }

  #putAgain(correlation: number): void {
    const pending = this.#pending.get(correlation)
    if (pending === undefined) return
    if (pending.whenRepeated === 'give-up') return this.#settle(correlation, failed({ kind: 'no-responder' }))
    const { repeatMs } = pending.question.options
    if (repeatMs !== undefined) {
      pending.cancelRepeat = this.#clock.after(repeatMs, () => this.#putAgain(correlation))
    }
    this.#put(pending.question, correlation)
  }

  #settle(correlation: number, answer: Answer<unknown>): void {
    const pending = this.#pending.get(correlation)
    if (pending === undefined) {
      this.#late++
      return
    }
    this.forget(correlation)
    pending.question.settle(answer, correlation)
  }
}

function failed(failure: AskFailure): Answer<unknown> {
  return { ok: false, failure }
}
