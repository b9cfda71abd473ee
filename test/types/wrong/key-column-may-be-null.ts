import { postgres } from '#src/api/postgres.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks
    .map((click) => ({ user: click.userId as string | null }))
    .to(
      't',
      postgres.sink({
        database: 'd',
        table: 't',
        key: ['u'],
        columns: { u: { from: 'user', type: 'text' } },
      }),
    ),
)
