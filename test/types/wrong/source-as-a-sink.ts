import { kafka } from '#src/api/kafka.js'
import { clicksJob } from '../click.js'

clicksJob((clicks) => clicks.to('table', kafka.source({ brokers: 'a:1', topic: 'clicks' })))
