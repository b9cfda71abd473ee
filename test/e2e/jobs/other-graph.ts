import { discard, job } from 'retake'
import { kafka } from 'retake/kafka'
import { Click } from '../../../examples/click.js'

/** A job of the name that `clicks.ts` has, with another graph. */
export default job('clicks', { parallelism: 2 }, (flow) => {
  const { brokers, topic } = flow.params
  flow
    .from('clicks', kafka.source({ brokers, topic, schema: Click }))
    .map((click) => ({ ...click, clicks: 1 }))
    .keyBy((click) => click.userId)
    .sum('total', 'clicks')
    .to('nowhere', discard())
})
