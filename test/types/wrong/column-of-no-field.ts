import { postgres } from '#src/api/postgres.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) =>
  clicks.to(
    'table',
    postgres.sink({ database: 'd', table: 't', columns: { user_id: { from: 'user', type: 'text' } } }),
  ),
)
