import { secret } from '#src/api/index.js'
import { postgres } from '#src/api/postgres.js'

postgres.sink({ database: 'd', table: secret('table'), columns: { n: { from: 'n', type: 'bigint' } } })
