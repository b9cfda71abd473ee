import { kafka } from '#src/api/kafka.js'
import { Click } from '../click.js'

kafka.source({
  brokers: 'a:1',
  topic: 'clicks',
  schema: Click,
  record: (click, meta) => [click, meta.offest],
})
