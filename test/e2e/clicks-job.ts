import { existsSync, writeFileSync } from 'node:fs'
import { job, secret } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'
import * as v from 'valibot'

const Click = v.object({ userId: v.string(), url: v.string(), ts: v.number(), loggedIn: v.boolean() })

/**
 * The main job with all its ends at once: clicks summed per user, and each click appended, under both guarantees. Its
 * user code throws once in the life of the run, at the first click from number `poison` on. The database is a secret of
 * the nodes unless it is given.
 */
export default job(
  'clicks',
  {
    parallelism: 4,
    checkpoint: { interval: '1s' },
    restart: { type: 'fixed-delay', attempts: 100, delay: '200ms' },
  },
  (flow) => {
    const { brokers, topic, poison, thrown } = flow.params
    const database = 'database' in flow.params ? flow.params.database : secret('database')
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
      .map((click) => {
        if (click.ts >= Number(poison) && !existsSync(String(thrown))) {
          writeFileSync(String(thrown), 'user code threw')
          throw new Error(`the click ${poison} is not to my liking`)
        }
        return click
      })

    const counts = clicks
      .map((click) => ({ userId: click.userId, clicks: 1 }))
      .keyBy((row) => row.userId)
      .sum('count', 'clicks')

    for (const guarantee of ['exactly-once', 'at-least-once'] as const) {
      const suffix = guarantee.replaceAll('-', '_')
      counts.to(
        `count-${guarantee}`,
        postgres.sink({
          database,
          table: `click_counts_${suffix}`,
          mode: 'upsert',
          key: ['user_id'],
          columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
          guarantee,
          createTable: true,
        }),
      )
      clicks.to(
        `log-${guarantee}`,
        postgres.sink({
          database,
          table: `click_log_${suffix}`,
          mode: 'append',
          columns: {
            kafka_partition: { from: 'partition', type: 'integer' },
            kafka_offset: { from: 'offset', type: 'bigint' },
            user_id: { from: 'userId', type: 'text' },
            url: { from: 'url', type: 'text' },
          },
          guarantee,
          createTable: true,
        }),
      )
    }
  },
)
