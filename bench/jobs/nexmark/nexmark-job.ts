import { discard, generator, job, type Random } from 'retake'
import { Progress } from '../progress.js'
import { nexmarkEventAt } from './event-at.js'
import { QUERIES, type QueryName } from './queries.js'

/** The generator → a query → discard. */
export default job('nexmark', { maxParallelism: 128 }, (flow) => {
  const progress = new Progress()
  const make = (random: Random, index: number) => {
    progress.onRecord()
    return nexmarkEventAt(random, index)
  }
  const events = flow.from('events', generator.source({ count: Number(flow.params['records']), make }))
  QUERIES[flow.params['query'] as QueryName](events).to('nowhere', discard())
})
