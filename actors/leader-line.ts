import type { ActorRef, AnswerOf, AskOptions, Asks } from '#src/actor/actor.js'
import { type ActorSystem, AskError } from '#src/actor/system.js'
import { pause } from '#src/actor/transport/deadline.js'
import { errorOf, isRetakeError, RetakeError } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'

/**
 * Asks of whoever leads a cluster, from outside of all actors. Leaders change, and for a moment nobody has the name: what
 * reached nobody is put again, for some seconds; for longer if somebody has answered before, for then there is a cluster.
 */
export class LeaderLine {
  readonly #system: ActorSystem
  #isKnown = false

  constructor(system: ActorSystem) {
    this.#system = system
  }

  /**
   * The same for a question that changes nothing: it is put again while it is not answered, for it may have reached a
   * leader in its last moment.
   */
  async read<T, Q extends T & Asks<unknown>>(
    to: ActorRef<T>,
    question: Q,
    timeoutMs: number,
  ): Promise<AnswerOf<Q>> {
    const first = { timeoutMs: LIMITS.readTryMs }
    try {
      return await this.ask(to, question, first)
    } catch (error) {
      if (!isRetakeError(error) || error.code !== 'RT1517' || isUnmanned(error)) throw error
      return this.ask(to, question, { timeoutMs: timeoutMs - first.timeoutMs, repeatMs: first.timeoutMs })
    }
  }

  /** Rejects with what the question is refused for, and with RT1517 when nobody answers it. */
  async ask<T, Q extends T & Asks<unknown>>(
    to: ActorRef<T>,
    question: Q,
    options: AskOptions,
  ): Promise<AnswerOf<Q>> {
    const { clock } = this.#system
    const until = clock.now() + (this.#isKnown ? LIMITS.leaderlessMs : LIMITS.firstLeaderMs)
    for (;;) {
      try {
        const answer = await this.#system.ask(to, question, options)
        this.#isKnown = true
        return answer
      } catch (error) {
        if (!isUnheard(error) || clock.now() >= until) throw refusalOf(error)
        await pause(clock, LIMITS.leaseLookMs)
      }
    }
  }
}

/** Whether what was asked of a cluster failed because it has no job manager, and not because that does not answer. */
export function isUnmanned(error: unknown): boolean {
  return isRetakeError(error) && error.code === 'RT1517' && error.why.startsWith('nobody ')
}

/** It reached nobody: that it is put again cannot make it count twice. */
function isUnheard(error: unknown): boolean {
  return error instanceof AskError && error.failure.kind === 'no-responder'
}

/** What to do about having no answer. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof AskError)) return error
  if (error.failure.kind === 'failed') return errorOf(error.failure.error)
  return new RetakeError('RT1517', {
    what: 'no job manager answers',
    why: isUnheard(error) ? 'nobody of this cluster listens on this NATS' : 'it did not in time',
    fix: 'start one (retake node --role job-manager), or correct --nats and --cluster',
  })
}
