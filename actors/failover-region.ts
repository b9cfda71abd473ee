import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { type Step, Supervision } from '#src/actor/supervision.js'
import type { RestartPlan } from '#src/graph/job-plan.js'
import { type ErrorInfo, isCurable } from '#src/kit/errors.js'
import type { Random } from '#src/kit/random.js'

/**
 * All subtasks of a job, as its restart strategy sees them: one child, which an attempt is a start of. Decides whether
 * there is another attempt after a failure, and when.
 */
export class FailoverRegion {
  readonly #supervision: Supervision<'region', ErrorInfo>

  constructor(restart: RestartPlan, random: Random) {
    this.#supervision = new Supervision({
      strategy: 'one-for-all',
      restarts: restartStrategyOf(restart, random),
      autoShutdown: 'all-significant',
      children: [{ id: 'region', restart: 'transient', significant: true }],
    })
  }

  begin(now: number): void {
    this.#supervision.begin(now)
    this.onStarted(now)
  }

  /** The next attempt is on its way: what fails from now on is another failure. */
  onStarted(now: number): void {
    this.#supervision.onStarted('region', now)
  }

  /** When the next attempt may start; undefined when there is none. What a restart cannot cure is not tried again. */
  onFailed(error: ErrorInfo, now: number): number | undefined {
    if (!isCurable(error)) return undefined
    return startOf(this.#supervision.onEnded('region', 'abnormal', error, now), now)
  }

  /** The time that `onFailed` said has come, or nearly: a timer may be early. */
  dueAt(now: number): number {
    return startOf(this.#supervision.onTick(now), now) ?? now
  }
}

/** When the steps start the region again; undefined when they end it. */
function startOf(steps: readonly Step<'region', ErrorInfo>[], now: number): number | undefined {
  for (const step of steps) {
    if (step.do === 'wake') return step.atMs
    if (step.do === 'start') return now
  }
  return undefined
}
