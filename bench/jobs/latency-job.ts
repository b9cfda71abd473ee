import { job, type Sink } from 'retake'
import { postgres } from 'retake/postgres'
import { isLoggedIn } from './clicks.js'
import { type Guarantee, LATENCIES, latencySink, type PacedRow } from './latency-sink.js'
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
    const guarantee = flow.params['guarantee'] as Guarantee
    const progress = Progress.ofRate(pacing.ratePerSecond)
    flow
      .from('clicks', pacedClicks(pacing, number('splits'), progress))
      .filter(isLoggedIn)
      .map(rowOf)
      .keyBy((row) => row.userId)
      .reduce('count', counted)
      .to(
        'sink',
        'database' in flow.params ? tableOf(flow.params['database'], guarantee) : latencySink(guarantee),
      )
  },
)

function rowOf({ userId, dueAt, counts }: PacedClick): PacedRow {
  return { userId, clicks: 1, dueAt, counts }
}

function counted(held: PacedRow, { userId, clicks, dueAt, counts }: PacedRow): PacedRow {
  return { userId, clicks: held.clicks + clicks, dueAt, counts }
}

/** One row for each count; when it was committed, the server knows. */
function tableOf(database: string, guarantee: Guarantee): Sink<PacedRow> {
  return postgres.sink({
    database,
    table: LATENCIES,
    columns: {
      due_at: { from: 'dueAt', type: 'double precision' },
      counts: { from: 'counts', type: 'boolean' },
    },
    guarantee,
    createTable: true,
  })
}
