import { job } from 'retake'
import { isLoggedIn } from './clicks.js'
import { type Guarantee, latencySink, type PacedRow } from './latency-sink.js'
import { type PacedClick, pacedClicks } from './paced-clicks.js'
import { Progress } from './progress.js'

/** The click count in an open loop: each row that comes out knows when the click was due that caused it. */
export default job(
  'latency',
  { maxParallelism: 128, bufferTimeout: '5ms', checkpoint: { interval: '1s' } },
  (flow) => {
    const number = (name: string) => Number(flow.params[name])
    const pacing = {
      ratePerSecond: number('ratePerSecond'),
      records: number('records'),
      countsFrom: number('countsFrom'),
      countsUntil: number('countsUntil'),
    }
    const progress = Progress.ofRate(pacing.ratePerSecond)
    flow
      .from('clicks', pacedClicks(pacing, number('splits'), progress))
      .filter(isLoggedIn)
      .map(rowOf)
      .keyBy((row) => row.userId)
      .reduce('count', counted)
      .to('clock', latencySink(flow.params['guarantee'] as Guarantee))
  },
)

function rowOf({ userId, dueAt, counts }: PacedClick): PacedRow {
  return { userId, clicks: 1, dueAt, counts }
}

function counted(held: PacedRow, { userId, clicks, dueAt, counts }: PacedRow): PacedRow {
  return { userId, clicks: held.clicks + clicks, dueAt, counts }
}
