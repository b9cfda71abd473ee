import { job } from '#src/api/index.js'

job('wrong', { checkpoint: { mode: 'at-most-once' } }, () => undefined)
