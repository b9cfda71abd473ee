import { postgres } from '#src/api/postgres.js'

postgres.sink({ database: 'd', table: 't', columns: { n: { type: 'bigint' } } })
