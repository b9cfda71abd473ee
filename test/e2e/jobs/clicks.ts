import { job } from 'retake'
import { clickFlow } from './click-flow.js'

/** One failed checkpoint is one too many: the job starts again. */
export default job(
  'clicks',
  {
    parallelism: 2,
    checkpoint: { interval: '200ms' },
    restart: { type: 'fixed-delay', attempts: 1_000, delay: '100ms' },
  },
  clickFlow,
)
