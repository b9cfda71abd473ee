import { setTimeout as pause } from 'node:timers/promises'
import type { ChaosOptions, Control } from './chaos-report.js'
import { signsOf } from './signs.js'
import type { Stage } from './stage.js'

const SHARE = 0.2
const LEAST_MS = 15_000
const MOST_MS = 120_000
/** Clicks that are due so late in it may meet the first fault. */
const TAIL_MS = 3_000

/** How much of a run is load alone. */
export function controlMsOf({ minutes }: Pick<ChaosOptions, 'minutes'>): number {
  return Math.min(Math.max(minutes * 60_000 * SHARE, LEAST_MS), MOST_MS)
}

/** When the last click is due, since the beginning, that no fault can meet. */
export function lastInPeaceMs(controlMs: number): number {
  return controlMs - TAIL_MS
}

/**
 * Load alone, and nothing that goes wrong: whatever the cluster finds broken meanwhile is a false verdict. What is found
 * later may be one as well, but then nobody could tell.
 */
export async function underLoadAlone({ cluster }: Stage, durationMs: number): Promise<Control> {
  const { progress } = cluster.job
  const before = signsOf(cluster).length
  const { completedCheckpoints } = progress
  const ends = cluster.startedAgain
  await pause(durationMs)
  const falseVerdicts = signsOf(cluster)
    .slice(before)
    .map(({ told }) => told)
  if (cluster.startedAgain > ends) falseVerdicts.push('a node ended by itself')
  const checkpoints = progress.completedCheckpoints - completedCheckpoints
  if (checkpoints === 0) falseVerdicts.push('no checkpoint completed')
  return { durationMs, checkpoints, falseVerdicts }
}
