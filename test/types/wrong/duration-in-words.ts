import { job } from '#src/api/index.js'

job('wrong', { checkpoint: { interval: '1 minute' } }, () => undefined)
