import type { Flow, Params } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'
import { Click } from '../../../examples/click.js'

/**
 * Clicks summed per user, with a parameter for each thing that a user may do about bad input. The whole click travels
 * to the sum, so that what is too large for a channel has to cross one.
 */
export function clickFlow(flow: Flow<Params>): void {
  const { brokers, topic, database, table } = flow.params
  const isSet = (name: string) => name in flow.params
  const clicks = flow.from(
    'clicks',
    kafka.source({
      brokers,
      topic,
      schema: Click,
      bounded: isSet('bounded'),
      onBadRecord: isSet('skip') ? 'skip' : 'fail',
      ...(isSet('password') && {
        sasl: { mechanism: 'plain', username: 'director', password: String(flow.params['password']) },
      }),
    }),
  )
  const mended = isSet('mended')
    ? clicks
        .filter(({ userId }) => !userId.includes('\0'))
        .map((click) => ({ ...click, url: click.url.slice(0, 1_000) }))
    : clicks
  mended
    .map((click) => ({ ...click, clicks: 1 }))
    .keyBy((click) => click.userId)
    .sum('count', 'clicks')
    .to(
      'table',
      postgres.sink({
        database,
        table,
        key: ['user_id'],
        columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
        createTable: isSet('create-table'),
      }),
    )
}
