import type { JobRun } from '#src/testing/index.js'

export const clicksOf = (run: JobRun): number[] =>
  run
    .sink<{ clicks: string }>('table')
    .rows()
    .map(({ clicks }) => clicks)
