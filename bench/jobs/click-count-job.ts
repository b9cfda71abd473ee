import { discard, generator, job } from 'retake'
import { type Click, clickAt, isLoggedIn, rowOf } from './clicks.js'
import { Progress } from './progress.js'

/** generator → filter → map → keyBy → sum → discard: what the bare loops do, by the runtime. */
export default job('click-count', { maxParallelism: 128 }, (flow) => {
  const progress = new Progress()
  const make = (_: unknown, index: number): Click => {
    progress.onRecord()
    return clickAt(index)
  }
  const count = Number(flow.params['records'])
  const ratePerSecond = 'ratePerSecond' in flow.params ? Number(flow.params['ratePerSecond']) : undefined
  flow
    .from('clicks', generator.source({ count, ratePerSecond, make }))
    .filter(isLoggedIn)
    .map(rowOf)
    .keyBy((row) => row.userId)
    .sum('sum', 'clicks')
    .to('nowhere', discard())
})
