import { postgres } from '#src/api/postgres.js'

postgres.sink({
  database: 'd',
  table: 't',
  key: ['userId'],
  columns: { user_id: { from: 'userId', type: 'text' } },
})
