import { type Duration, durationMs } from '../kit/duration.js'
import { RetakeError } from '../kit/errors.js'
import type { Random } from '../kit/random.js'

/**
 * Whether, and after which delay, what has failed is started again: Flink's four strategies with its names, defaults
 * and arithmetic. Options are written by users; the classes decide, told of each failure and its time.
 */
export type RestartStrategyOptions =
  | { readonly type: 'none' }
  | {
      readonly type: 'fixed-delay'
      /** Restarts before giving up. Default 1. */
      readonly attempts?: number
      /** From a failure to the restart. Default 1 s. */
      readonly delay?: Duration
    }
  | {
      readonly type: 'exponential-delay'
      /** The first delay, and the shortest. Default 1 s. */
      readonly initialBackoff?: Duration
      /** The longest delay. Default 1 min. */
      readonly maxBackoff?: Duration
      /** Each delay is this many times the one before. Default 1.5. */
      readonly backoffMultiplier?: number
      /** So long without a failure after a restart, and delays begin anew. Default 1 h. */
      readonly resetBackoffThreshold?: Duration
      /** Share of the delay by which it is drawn shorter or longer. Default 0.1. */
      readonly jitterFactor?: number
      /** Restarts before giving up; counted anew whenever delays begin anew. Default without limit. */
      readonly attemptsBeforeResetBackoff?: number
    }
  | {
      readonly type: 'failure-rate'
      /** So many failures within the interval, this one included, and it gives up: 1 never restarts. Default 1. */
      readonly maxFailuresPerInterval?: number
      /** How far back failures count. Default 1 min. */
      readonly failureRateInterval?: Duration
      /** From a failure to the restart. Default 1 s. */
      readonly delay?: Duration
    }

/** Start it again, after `delayMs`; or give up. */
export type RestartDecision =
  | { readonly restart: true; readonly delayMs: number }
  | { readonly restart: false }

/** Decides about one supervision's restarts, and remembers its failures. */
export interface RestartStrategy {
  /** Something failed at `nowMs`, on a monotonic clock. */
  onFailure(nowMs: number): RestartDecision
}

/** @param random draws the jitter of exponential delays. Throws RT1702 for what makes no sense. */
export function restartStrategyOf(options: RestartStrategyOptions, random: Random): RestartStrategy {
  switch (options.type) {
    case 'none':
      return { onFailure: () => ({ restart: false }) }
    case 'fixed-delay':
      return new FixedDelay(options)
    case 'exponential-delay':
      return new ExponentialDelay(options, random)
    case 'failure-rate':
      return new FailureRate(options)
  }
}

/** So many restarts in all, each after the same delay. */
class FixedDelay implements RestartStrategy {
  readonly #attempts: number
  readonly #delayMs: number
  #failures = 0

  constructor(options: Extract<RestartStrategyOptions, { type: 'fixed-delay' }>) {
    this.#attempts = atLeast('fixed-delay', 'attempts', options.attempts ?? 1, 0)
    this.#delayMs = durationMs(options.delay ?? '1s')
  }

  onFailure(): RestartDecision {
    this.#failures++
    return this.#failures <= this.#attempts ? { restart: true, delayMs: this.#delayMs } : { restart: false }
  }
}

/**
 * Delays that grow. A failure that comes before the restart that is already on its way is part of the same trouble: it
 * counts no attempt and waits for that restart.
 */
class ExponentialDelay implements RestartStrategy {
  readonly #random: Random
  readonly #initialMs: number
  readonly #maxMs: number
  readonly #multiplier: number
  readonly #resetAfterMs: number
  readonly #jitter: number
  readonly #attempts: number
  #attempt = 0
  #restartAt = -Infinity

  constructor(options: Extract<RestartStrategyOptions, { type: 'exponential-delay' }>, random: Random) {
    const type = options.type
    this.#random = random
    this.#initialMs = atLeast(type, 'initialBackoff', durationMs(options.initialBackoff ?? '1s'), 1)
    this.#maxMs = atLeast(type, 'maxBackoff', durationMs(options.maxBackoff ?? '1m'), this.#initialMs)
    this.#multiplier = atLeast(type, 'backoffMultiplier', options.backoffMultiplier ?? 1.5, 1)
    this.#resetAfterMs = atLeast(
      type,
      'resetBackoffThreshold',
      durationMs(options.resetBackoffThreshold ?? '1h'),
      1,
    )
    this.#jitter = atLeast(type, 'jitterFactor', options.jitterFactor ?? 0.1, 0, 1)
    this.#attempts = atLeast(
      type,
      'attemptsBeforeResetBackoff',
      options.attemptsBeforeResetBackoff ?? Infinity,
      1,
    )
  }

  onFailure(nowMs: number): RestartDecision {
    if (nowMs > this.#restartAt) {
      if (nowMs - this.#restartAt >= this.#resetAfterMs) this.#attempt = 0
      this.#restartAt = nowMs + this.#drawDelay()
      this.#attempt++
    }
    if (this.#attempt > this.#attempts) return { restart: false }
    return { restart: true, delayMs: this.#restartAt - nowMs }
  }

  #drawDelay(): number {
    const plain = Math.min(this.#initialMs * this.#multiplier ** this.#attempt, Number.MAX_VALUE / 2)
    const drawn = plain + plain * this.#jitter * (2 * this.#random.next() - 1)
    return Math.max(this.#initialMs, Math.min(drawn, this.#maxMs))
  }
}

/** Gives up when the latest failures came too fast: when the oldest of so many is not older than the interval. */
class FailureRate implements RestartStrategy {
  readonly #max: number
  readonly #intervalMs: number
  readonly #delayMs: number
  readonly #failures: number[] = []

  constructor(options: Extract<RestartStrategyOptions, { type: 'failure-rate' }>) {
    this.#max = atLeast('failure-rate', 'maxFailuresPerInterval', options.maxFailuresPerInterval ?? 1, 1)
    this.#intervalMs = durationMs(options.failureRateInterval ?? '1m')
    this.#delayMs = durationMs(options.delay ?? '1s')
  }

  onFailure(nowMs: number): RestartDecision {
    this.#failures.push(nowMs)
    if (this.#failures.length > this.#max) this.#failures.shift()
    const [oldest = nowMs] = this.#failures
    const tooFast = this.#failures.length >= this.#max && nowMs - oldest <= this.#intervalMs
    return tooFast ? { restart: false } : { restart: true, delayMs: this.#delayMs }
  }
}

function atLeast(type: string, option: string, value: number, min: number, max = Infinity): number {
  if (value >= min && value <= max) return value
  throw new RetakeError('RT1702', {
    what: `restart strategy ${type}: ${option} is ${value}`,
    why: max === Infinity ? `it must be ${min} or more` : `it must lie between ${min} and ${max}`,
    fix: `give ${option} a value in that range, or leave it out for the default`,
  })
}
