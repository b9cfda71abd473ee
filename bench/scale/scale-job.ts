import { discard, generator, job } from 'retake'
import type { Job } from '#src/api/job.js'

/** How the two vertices of the job are connected: each subtask to all, or each to its neighbour. */
export type Shape = 'all-to-all' | 'one-to-one'

interface Click {
  readonly userId: number
  readonly clicks: number
}

const USERS_PER_SUBTASK = 8
/** So few that channels are idle: what they cost then is what their number costs. */
const RECORDS_PER_SECOND = 2

/** Checkpoints are taken when they are asked for, so that what is measured is one of them, or none. */
const ON_DEMAND = { interval: '1h', minPause: '1h' } as const

/** Sources and sums, `parallelism` subtasks of each. */
export function scaleJob(shape: Shape, parallelism: number): Job {
  return job('scale', { parallelism, checkpoint: ON_DEMAND }, (flow) => {
    const clicks = flow.from(
      'clicks',
      generator.source({
        ratePerSecond: RECORDS_PER_SECOND * parallelism,
        make: (_, index): Click => ({
          userId: (index * 7_919) % (USERS_PER_SUBTASK * parallelism),
          clicks: 1,
        }),
      }),
    )
    if (shape === 'all-to-all')
      clicks
        .keyBy((click) => click.userId)
        .sum('sum', 'clicks')
        .to('nowhere', discard())
    else
      clicks
        .rescale()
        .map((click) => click.clicks)
        .to('nowhere', discard())
  })
}
