import type { JobRun } from '#src/testing/index.js'

export const waited = (run: JobRun) => run.untilFinished({ within: 'a while' })
