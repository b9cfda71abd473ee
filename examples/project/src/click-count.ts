/** How often each logged-in user has clicked: from a Kafka topic to a PostgreSQL table, exactly once. */
import { job, type Stream, secret } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'
import { Click } from './click.js'

export default job('click-count', { checkpoint: { interval: '5s' } }, (flow) => {
  const clicks = flow.from(
    'clicks',
    kafka.source({ brokers: flow.params.brokers, topic: 'clicks', schema: Click }),
  )
  countByUser(clicks).to(
    'table',
    postgres.sink({
      database: secret('database'), // in RETAKE_SECRET_DATABASE, of whoever runs the job
      table: 'click_counts',
      key: ['user_id'],
      columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
      createTable: true,
    }),
  )
})

/** What lies between source and sink is a function of streams, so that more than one job may have it. */
export function countByUser(clicks: Stream<Click>) {
  return clicks
    .filter((click) => click.loggedIn)
    .map((click) => ({ userId: click.userId, clicks: 1 }))
    .keyBy((row) => row.userId)
    .sum('count', 'clicks')
}
