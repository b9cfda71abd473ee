import { job } from '#src/api/index.js'

job('wrong', { checkpoints: { interval: '1m' } }, () => undefined)
