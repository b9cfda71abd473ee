/**
 * Every click of a logged-in user, a row each: from a Kafka topic to a PostgreSQL table, exactly once.
 *
 *     RETAKE_SECRET_DATABASE=postgres://me:secret@localhost/shop \
 *       npm run retake -- dev examples/click-log.ts --param brokers=localhost:9092
 */
import { job, secret } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'
import { Click } from './click.js'
import { ClickParams } from './click-params.js'

export default job('click-log', { params: ClickParams, checkpoint: { interval: '5s' } }, (flow) => {
  const { brokers, topic, database, table, bounded, guarantee } = flow.params
  flow
    .from('clicks', kafka.source({ brokers, topic, schema: Click, bounded: bounded === 'true' }))
    .filter((click) => click.loggedIn)
    .to(
      'table',
      postgres.sink({
        database: database ?? secret('database'),
        table: table ?? 'click_log',
        mode: 'append',
        columns: {
          user_id: { from: 'userId', type: 'text' },
          url: { from: 'url', type: 'text' },
          ts: { from: 'ts', type: 'bigint' },
        },
        guarantee,
        createTable: true,
      }),
    )
})
