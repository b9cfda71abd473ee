import { job, secret } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'
import * as v from 'valibot'

const Click = v.object({ userId: v.string(), url: v.string(), loggedIn: v.boolean(), dueAt: v.number() })

/** The main job: clicks summed per user. Beside it each click is appended, so that one lost and one repeated would show. */
export default job(
  'clicks',
  {
    parallelism: 4,
    checkpoint: { interval: '1s', timeout: '10s' },
    restart: { type: 'fixed-delay', attempts: 1_000_000, delay: '200ms' },
  },
  (flow) => {
    const { brokers, topic } = flow.params
    const clicks = flow
      .from(
        'clicks',
        kafka.source({
          brokers,
          topic,
          schema: Click,
          record: (click, { partition, offset }) => ({ ...click, partition, offset: Number(offset) }),
        }),
      )
      .filter((click) => click.loggedIn)

    clicks
      .map((click) => ({ userId: click.userId, clicks: 1 }))
      .keyBy((row) => row.userId)
      .sum('count', 'clicks')
      .to(
        'counts',
        postgres.sink({
          database: secret('database'),
          table: 'click_counts',
          mode: 'upsert',
          key: ['user_id'],
          columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
          guarantee: 'exactly-once',
        }),
      )

    clicks.to(
      'log',
      postgres.sink({
        database: secret('database'),
        table: 'click_log',
        mode: 'append',
        columns: {
          kafka_partition: { from: 'partition', type: 'integer' },
          kafka_offset: { from: 'offset', type: 'bigint' },
          user_id: { from: 'userId', type: 'text' },
          url: { from: 'url', type: 'text' },
          due_at: { from: 'dueAt', type: 'bigint' },
        },
        guarantee: 'exactly-once',
      }),
    )
  },
)
