import { discard, generator, job } from 'retake'
import { type Click, clickAt, isLoggedIn, rowOf } from './clicks.js'

/** generator → filter → map → keyBy → sum → discard, in two slots: what the bare loop does, by the runtime. */
export default job('throughput', { parallelism: 2, maxParallelism: 128 }, (flow) =>
  flow
    .from(
      'clicks',
      generator.source({ count: Number(flow.params.count), make: (_, index): Click => clickAt(index) }),
    )
    .filter(isLoggedIn)
    .map(rowOf)
    .keyBy((row) => row.userId)
    .sum('sum', 'clicks')
    .to('nowhere', discard()),
)
