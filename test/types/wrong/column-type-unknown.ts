import { postgres } from '#src/api/postgres.js'

postgres.sink({ database: 'd', table: 't', columns: { user_id: { from: 'userId', type: 'string' } } })
