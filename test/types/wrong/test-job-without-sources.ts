import type { Job } from '#src/api/index.js'
import { testJob } from '#src/testing/index.js'

export const run = (job: Job) => testJob(job, { seed: 2 })
