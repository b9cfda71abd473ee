import { testJob } from '#src/testing/index.js'

export const run = () => testJob(() => undefined, { sources: {} })
