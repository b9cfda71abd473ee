import assert from 'node:assert/strict'
import type { ClickProducer } from './click-producer.js'
import type { JobProgress } from './job-progress.js'

/** One thing that happens to a job under way. */
export interface Fault<World, Struck = unknown> {
  readonly name: string
  /** It ends the attempt under way; else it may. */
  readonly endsAttempt: boolean
  /** Resolves when it has struck. */
  strike(world: World): Promise<Struck>
}

/** What every fault is inflicted on. */
export interface Stage {
  readonly progress: JobProgress
  readonly producer: ClickProducer
}

/**
 * Has one fault strike. It must fall after the first commit and before the last record, and when this resolves the job
 * has taken a checkpoint behind it: else the next one would only hide what this one broke.
 */
export async function inflict<World extends Stage, Struck>(
  fault: Fault<World, Struck>,
  world: World,
): Promise<Struck> {
  const { progress, producer } = world
  assert(progress.completedCheckpoints > 0, `${fault.name}: before the first checkpoint was complete`)
  const { attempt } = progress
  const struck = await fault.strike(world)
  assert(!producer.isDone, `${fault.name}: after the last record`)
  if (fault.endsAttempt)
    await progress.until(`it runs again after "${fault.name}"`, () => progress.attempt > attempt)
  const { completedCheckpoints } = progress
  await progress.until(
    `a checkpoint completes after "${fault.name}"`,
    () => progress.completedCheckpoints > completedCheckpoints + 1,
  )
  return struck
}
