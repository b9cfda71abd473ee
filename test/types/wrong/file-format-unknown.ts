import { file } from '#src/api/index.js'

file.source({ path: 'logs', format: 'csv' })
