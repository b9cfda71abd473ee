import type { CheckpointPolicy, Duration, JobOptions, RestartStrategyOptions } from '#src/api/index.js'
import type { Dice } from './dice.js'

/**
 * Every option of a job, each now and then left to its default. Most jobs survive a fault a second for half a minute;
 * some give up, and have to be started again from their checkpoint.
 */
export function drawOptions(dice: Dice): Omit<JobOptions, 'params'> {
  const restart = drawRestart(dice)
  return {
    ...(dice.chance(0.9) && { parallelism: dice.pick([1, 2, 2, 3, 3, 4]) }),
    // From 4 on: any parallelism that is drawn elsewhere is possible.
    ...(dice.chance(0.5) && { maxParallelism: dice.pick([4, 5, 7, 16, 128, 300]) }),
    ...(dice.chance(0.97) && { checkpoint: drawCheckpoint(dice) }),
    ...(restart !== undefined && { restart }),
    ...(dice.chance(0.6) && { bufferTimeout: dice.chance(0.2) ? 0 : duration(dice, 1, 200) }),
    ...(dice.chance(0.2) && { chaining: dice.chance(0.5) }),
  }
}

function drawCheckpoint(dice: Dice): CheckpointPolicy {
  // What takes too long fails: where that is likely, it must be tolerable.
  const isHasty = dice.chance(0.1)
  return {
    ...(dice.chance(0.95) && { interval: duration(dice, 100, 3_000) }),
    ...(dice.chance(0.5) && { mode: dice.chance(0.7) ? 'exactly-once' : 'at-least-once' }),
    ...(isHasty
      ? { timeout: duration(dice, 300, 1_500), tolerableFailures: 1_000 }
      : {
          ...(dice.chance(0.6) && { timeout: duration(dice, 4_000, 60_000) }),
          ...(dice.chance(0.6) && { tolerableFailures: dice.pick([0, 1, 3, 1_000]) }),
        }),
    ...(dice.chance(0.4) && { minPause: dice.chance(0.3) ? 0 : duration(dice, 10, 1_000) }),
    ...(dice.chance(0.6) && { maxConcurrent: dice.between(1, 3) }),
    ...(dice.chance(0.6) && { retained: dice.between(1, 3) }),
  }
}

function drawRestart(dice: Dice): RestartStrategyOptions | undefined {
  if (dice.chance(0.05)) return undefined
  const isFrail = dice.chance(0.12)
  switch (dice.pick(['fixed-delay', 'exponential-delay', 'failure-rate'])) {
    case 'fixed-delay':
      if (isFrail && dice.chance(0.6)) return { type: 'none' }
      return {
        type: 'fixed-delay',
        ...(isFrail
          ? dice.chance(0.7) && { attempts: dice.between(0, 3) }
          : { attempts: dice.scaled(100, 10_000) }),
        ...(dice.chance(0.9) && { delay: duration(dice, 10, 1_000) }),
      }
    case 'exponential-delay':
      return {
        type: 'exponential-delay',
        ...(dice.chance(0.9) && { initialBackoff: duration(dice, 20, 500) }),
        maxBackoff: duration(dice, 1_000, 4_000),
        ...(dice.chance(0.7) && { backoffMultiplier: dice.pick([1, 1.2, 1.5, 2, 3]) }),
        ...(dice.chance(0.7) && { resetBackoffThreshold: duration(dice, 500, 60_000) }),
        ...(dice.chance(0.7) && { jitterFactor: dice.pick([0, 0.1, 0.5, 1]) }),
        ...(isFrail
          ? { attemptsBeforeResetBackoff: dice.between(1, 4) }
          : dice.chance(0.3) && { attemptsBeforeResetBackoff: dice.between(100, 1_000) }),
      }
    case 'failure-rate':
      return {
        type: 'failure-rate',
        ...(isFrail
          ? dice.chance(0.7) && { maxFailuresPerInterval: dice.between(1, 3) }
          : { maxFailuresPerInterval: dice.between(50, 200) }),
        ...(dice.chance(0.8) && { failureRateInterval: duration(dice, 1_000, 10_000) }),
        ...(dice.chance(0.9) && { delay: duration(dice, 10, 1_000) }),
      }
  }
}

/** Written in one of the ways in which users write it. */
function duration(dice: Dice, minMs: number, maxMs: number): Duration {
  const ms = dice.scaled(minMs, maxMs)
  switch (dice.pick(['number', 'ms', 's'])) {
    case 'number':
      return ms
    case 'ms':
      return `${ms}ms`
    case 's':
      return `${ms / 1_000}s`
  }
}
