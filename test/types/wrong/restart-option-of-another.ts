import { job } from '#src/api/index.js'

job('wrong', { restart: { type: 'fixed-delay', maxBackoff: '1m' } }, () => undefined)
