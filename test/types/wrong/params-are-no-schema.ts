import { job } from '#src/api/index.js'

job('wrong', { params: { topic: 'clicks' } }, (flow) => flow.params)
