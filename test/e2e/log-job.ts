import { job } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'

/** Appends every click as it is: what is stalled. */
export default job(
  'log',
  { parallelism: 2, checkpoint: { interval: '1s', timeout: '5m' }, restart: { type: 'none' } },
  (flow) => {
    const { brokers, topic, database, guarantee, table } = flow.params
    flow
      .from('clicks', kafka.source({ brokers, topic, format: 'string' }))
      .map((click) => ({ click }))
      .to(
        'log',
        postgres.sink({
          database,
          table,
          mode: 'append',
          columns: { click: { from: 'click', type: 'text' } },
          guarantee: guarantee === 'at-least-once' ? 'at-least-once' : 'exactly-once',
          createTable: true,
        }),
      )
  },
)
