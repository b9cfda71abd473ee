import type { JobRun } from '#src/testing/index.js'

export const crashed = (run: JobRun) => run.crash('taskmanager')
