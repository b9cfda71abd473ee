/**
 * How often each logged-in user has clicked: from a Kafka topic to a PostgreSQL table, exactly once.
 *
 *     RETAKE_SECRET_DATABASE=postgres://me:secret@localhost/shop \
 *       npm run retake -- dev examples/click-count.ts --param brokers=localhost:9092
 */
import { job, secret } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'
import { Click } from './click.js'
import { ClickParams } from './click-params.js'

export default job('click-count', { params: ClickParams, checkpoint: { interval: '5s' } }, (flow) => {
  const { brokers, topic, database, table, bounded, combine, guarantee } = flow.params
  flow
    .from('clicks', kafka.source({ brokers, topic, schema: Click, bounded: bounded === 'true' }))
    .filter((click) => click.loggedIn)
    .map((click) => ({ userId: click.userId, clicks: 1 }))
    .keyBy((row) => row.userId)
    .sum('count', 'clicks', { combine })
    .to(
      'table',
      postgres.sink({
        database: database ?? secret('database'),
        table: table ?? 'click_counts',
        key: ['user_id'],
        columns: {
          user_id: { from: 'userId', type: 'text' },
          clicks: { from: 'clicks', type: 'bigint' },
        },
        guarantee,
        createTable: true,
      }),
    )
})
