import { customSink, generator, job, of } from 'retake'
import { clickAt, isLoggedIn, type Row, rowOf } from './rows.js'
import { StopProbe } from './stop-probe.js'

/**
 * generator → filter → map → keyBy → sum → probe, in two slots, with a row for each of `users`. Checkpoints are taken
 * when whoever measures says so.
 */
export default job(
  'keyed-rows',
  {
    parallelism: 2,
    maxParallelism: 128,
    checkpoint: { interval: '1h', retained: 1 },
    restart: { type: 'fixed-delay', attempts: 1, delay: 0 },
  },
  (flow) => {
    const users = Number(flow.params.users)
    return flow
      .from('clicks', generator.source({ make: (_, index) => clickAt(index, users) }))
      .filter(isLoggedIn)
      .map(rowOf)
      .keyBy((row) => row.userId)
      .sum('sum', 'clicks')
      .to('probe', customSink({ takes: of<Row>(), writer: ({ subtask }) => new StopProbe(subtask) }))
  },
)
