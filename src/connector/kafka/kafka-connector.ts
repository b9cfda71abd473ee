import type { SourceConnector } from '../registry.js'
import { KafkaDeserializer } from './kafka-deserializer.js'
import { KafkaEnumerator } from './kafka-enumerator.js'
import { kafkaOptions } from './kafka-options.js'
import { splitOf } from './kafka-position.js'
import { KafkaReader } from './kafka-reader.js'
import { KafkajsTransport } from './kafkajs-transport.js'

/** The runtime half of `kafka.source`. Enumerator and every reader have connections of their own. */
export const kafkaSource: SourceConnector = {
  enumerator(given, { clock, logger }) {
    const options = kafkaOptions(given)
    return new KafkaEnumerator(options, new KafkajsTransport(options.connection, logger), clock, logger)
  },
  reader(spec, ctx) {
    const options = kafkaOptions(spec.options)
    const deserializer = new KafkaDeserializer(options, spec.functions)
    return new KafkaReader(options, deserializer, new KafkajsTransport(options.connection, ctx.logger), ctx)
  },
  misfit({ topic }, { split, owner }) {
    return split === splitOf(String(topic), owner) ? undefined : `it reads topic ${JSON.stringify(topic)}`
  },
}
