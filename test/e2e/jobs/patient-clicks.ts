import { job } from 'retake'
import { clickFlow } from './click-flow.js'

/** Checkpoints may fail for as long as they like. */
export default job(
  'clicks',
  {
    parallelism: 2,
    checkpoint: { interval: '200ms', tolerableFailures: 100_000 },
    restart: { type: 'none' },
  },
  clickFlow,
)
