import { type RestartStrategyOptions, restartStrategyOf } from '../actor/restart-strategy.js'
import type { JobSettings } from '../graph/job-graph.js'
import type { CheckpointOptions, RestartPlan } from '../graph/job-plan.js'
import { checkParallelism } from '../graph/stream-graph-builder.js'
import { assertNever } from '../kit/assert.js'
import { type Duration, durationMs } from '../kit/duration.js'
import { RetakeError } from '../kit/errors.js'
import type { OperatorId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import { seededRandom } from '../kit/random.js'
import type { StandardSchema } from './standard-schema.js'

/** Options of a job. Names and defaults are Flink's, but for the interval (10 s) and for what is retained (3). */
export interface JobOptions<Schema extends StandardSchema = StandardSchema> {
  /** Validates and types `flow.params`. Its input are strings. */
  readonly params?: Schema
  /** Of operators that do not say their own; 1 unless said. `--parallelism` wins. */
  readonly parallelism?: number
  /**
   * Number of key groups, and so the most subtasks that an operator can ever have. Of state that is kept it never changes.
   * Derived from parallelism unless said.
   */
  readonly maxParallelism?: number
  /** Every 10 s, exactly-once, unless said. */
  readonly checkpoint?: CheckpointPolicy
  /** 'exponential-delay' unless said. */
  readonly restart?: RestartStrategyOptions
  /** A batch that is not full is sent after this time; 10 ms unless said. */
  readonly bufferTimeout?: Duration
  /** False: operators are not fused, each runs in subtasks of its own. */
  readonly chaining?: boolean
}

/**
 * When checkpoints are taken, and what becomes of those that fail. Wrong values are refused with RT1701 or RT1704.
 */
export interface CheckpointPolicy {
  /** 10 s unless said. */
  readonly interval?: Duration
  /** 'exactly-once' unless said: a channel that has delivered its barrier waits for the others. */
  readonly mode?: 'exactly-once' | 'at-least-once'
  /** A checkpoint that takes longer is given up; 10 minutes unless said. */
  readonly timeout?: Duration
  /** From the end of one checkpoint to the beginning of the next; 0 unless said. */
  readonly minPause?: Duration
  /** Checkpoints under way at the same time; 1 unless said. */
  readonly maxConcurrent?: number
  /** Failed checkpoints in a row that do not fail the job; 0 unless said. */
  readonly tolerableFailures?: number
  /** Complete checkpoints that are kept; 3 unless said. */
  readonly retained?: number
}

/** What comes with the submission and not from the job's file. */
export interface BuildRequest {
  /** `--param name=value`. */
  readonly params?: Readonly<Record<string, string>>
  /** `--parallelism`: wins over the job's option, not over that of an operator. */
  readonly parallelism?: number | undefined
  /** Key groups of operators whose state is to be restored. */
  readonly maxParallelismOf?: Readonly<Record<OperatorId, number>> | undefined
}

const DEFAULTS = {
  parallelism: 1,
  checkpoint: { mode: 'exactly-once', interval: '10s', timeout: '10m', minPause: 0, retained: 3 },
  fixedDelay: { attempts: 1, delay: '1s' },
  exponentialDelay: {
    initialBackoff: '1s',
    maxBackoff: '1m',
    backoffMultiplier: 1.5,
    resetBackoffThreshold: '1h',
    jitterFactor: 0.1,
  },
  failureRate: { maxFailuresPerInterval: 1, failureRateInterval: '1m', delay: '1s' },
} as const

/** Every default applied. Throws RT1006, RT1701, RT1704. */
export function settingsOf(options: JobOptions, request: BuildRequest): JobSettings {
  const { maxParallelism } = options
  if (maxParallelism !== undefined) checkParallelism(maxParallelism, LIMITS.maxParallelism)
  const parallelism = request.parallelism ?? options.parallelism ?? DEFAULTS.parallelism
  checkParallelism(parallelism, maxParallelism)
  const { chaining = true } = options
  if (typeof chaining !== 'boolean') throw wrong('chaining', chaining, 'true or false')
  return {
    checkpoint: checkpointOf(options.checkpoint ?? {}),
    restart: restartOf(options.restart ?? { type: 'exponential-delay' }),
    bufferTimeoutMs: durationMs(options.bufferTimeout ?? LIMITS.bufferTimeoutMs),
    chaining,
    parallelism,
    maxParallelism,
    maxParallelismOf: request.maxParallelismOf ?? {},
  }
}

function checkpointOf(policy: CheckpointPolicy): CheckpointOptions {
  const defaults = DEFAULTS.checkpoint
  const mode = policy.mode ?? defaults.mode
  if (mode !== 'exactly-once' && mode !== 'at-least-once') {
    throw wrong('checkpoint.mode', mode, "'exactly-once' or 'at-least-once'")
  }
  const intervalMs = durationMs(policy.interval ?? defaults.interval)
  if (intervalMs <= 0) throw wrong('checkpoint.interval', policy.interval, 'a time above 0')
  const timeoutMs = durationMs(policy.timeout ?? defaults.timeout)
  if (timeoutMs <= 0) throw wrong('checkpoint.timeout', policy.timeout, 'a time above 0')
  return {
    mode,
    intervalMs,
    timeoutMs,
    minPauseMs: durationMs(policy.minPause ?? defaults.minPause),
    maxConcurrent: whole('checkpoint.maxConcurrent', policy.maxConcurrent ?? 1, 1),
    tolerableFailures: whole('checkpoint.tolerableFailures', policy.tolerableFailures ?? 0, 0),
    retained: whole('checkpoint.retained', policy.retained ?? defaults.retained, 1),
  }
}

const RESTARTS = ['none', 'fixed-delay', 'exponential-delay', 'failure-rate'] as const

/** The same options, with times in milliseconds and nothing left to defaults. */
function restartOf(options: RestartStrategyOptions): RestartPlan {
  const type: unknown = options?.type
  if (!RESTARTS.some((known) => known === type)) {
    throw new RetakeError('RT1702', {
      what: `the restart strategy of the job is ${JSON.stringify(options)}`,
      why: `its type is one of ${RESTARTS.join(', ')}`,
      fix: "write for example restart: { type: 'fixed-delay', attempts: 3, delay: '1s' }",
    })
  }
  restartStrategyOf(options, seededRandom(0))
  switch (options.type) {
    case 'none':
      return { type: 'none' }
    case 'fixed-delay': {
      const { attempts, delay } = { ...DEFAULTS.fixedDelay, ...options }
      return { type: 'fixed-delay', attempts, delay: durationMs(delay) }
    }
    case 'exponential-delay': {
      const strategy = { ...DEFAULTS.exponentialDelay, ...options }
      return {
        ...strategy,
        initialBackoff: durationMs(strategy.initialBackoff),
        maxBackoff: durationMs(strategy.maxBackoff),
        resetBackoffThreshold: durationMs(strategy.resetBackoffThreshold),
      }
    }
    case 'failure-rate': {
      const strategy = { ...DEFAULTS.failureRate, ...options }
      const { maxFailuresPerInterval, failureRateInterval, delay } = strategy
      return {
        type: 'failure-rate',
        maxFailuresPerInterval,
        failureRateInterval: durationMs(failureRateInterval),
        delay: durationMs(delay),
      }
    }
    default:
      return assertNever(options)
  }
}

function whole(option: string, value: number, lowest: number): number {
  if (Number.isSafeInteger(value) && value >= lowest) return value
  throw wrong(option, value, `a whole number from ${lowest} on`)
}

function wrong(option: string, value: unknown, what: string): RetakeError {
  return new RetakeError('RT1704', {
    what: `the option ${option} of the job is ${JSON.stringify(value) ?? String(value)}`,
    why: `it is ${what}`,
    fix: `correct ${option} in the job's options`,
  })
}
