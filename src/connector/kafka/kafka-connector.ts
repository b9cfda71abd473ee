import type { Logger } from '../../kit/logger.js'
import type { SourceConnector } from '../registry.js'
import { KafkaDeserializer } from './kafka-deserializer.js'
import { KafkaEnumerator } from './kafka-enumerator.js'
import { type KafkaConnection, kafkaOptions } from './kafka-options.js'
import { splitOf } from './kafka-position.js'
import { KafkaReader } from './kafka-reader.js'
import type { KafkaTransport } from './kafka-transport.js'
import { KafkajsTransport } from './kafkajs-transport.js'

type NewKafkaTransport = (connection: KafkaConnection, logger: Logger) => KafkaTransport

/**
 * The runtime half of `kafka.source` over any way to Kafka: a simulation has brokers of its own. Enumerator and every
 * reader have connections of their own.
 */
export function kafkaSourceOver(newTransport: NewKafkaTransport): SourceConnector {
  return {
    enumerator(given, { clock, logger }) {
      const options = kafkaOptions(given)
      return new KafkaEnumerator(options, newTransport(options.connection, logger), clock, logger)
    },
    reader(spec, ctx) {
      const options = kafkaOptions(spec.options)
      const deserializer = new KafkaDeserializer(options, spec.functions)
      return new KafkaReader(options, deserializer, newTransport(options.connection, ctx.logger), ctx)
    },
    misfit({ topic }, { split, owner }) {
      return split === splitOf(String(topic), owner) ? undefined : `it reads topic ${JSON.stringify(topic)}`
    },
  }
}

export const kafkaSource: SourceConnector = kafkaSourceOver(
  (connection, logger) => new KafkajsTransport(connection, logger),
)
