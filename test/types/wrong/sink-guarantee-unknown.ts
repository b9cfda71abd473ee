import { postgres } from '#src/api/postgres.js'

postgres.sink({
  database: 'd',
  table: 't',
  columns: { n: { from: 'n', type: 'bigint' } },
  guarantee: 'effectively-once',
})
