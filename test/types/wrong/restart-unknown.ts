import { job } from '#src/api/index.js'

job('wrong', { restart: { type: 'fixed' } }, () => undefined)
