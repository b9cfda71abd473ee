import { kafka } from '#src/api/kafka.js'

kafka.source({ brokers: 'localhost:9092', topic: 'clicks', groupId: 'g' })
