import { job } from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'

job('wrong', (flow) => flow.from(kafka.source({ brokers: 'a:1', topic: 'clicks' })))
