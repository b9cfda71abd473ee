import type { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import { NatsTransport } from '#src/actor/transport/nats-transport.js'
import type { Transport } from '#src/actor/transport/transport.js'
import type { Logger } from '#src/kit/logger.js'

/** NATS, when every message of a node is forced over it: for tests, and for measuring. */
export interface ForcedNats {
  readonly servers: string
  readonly cluster: string
}

export interface SystemTransports {
  readonly transports: readonly Transport[]
  readonly local: 'by-reference' | 'by-transport'
}

/** How an actor system of this process reaches the others: by ports between threads, or all over NATS. */
export function transportsOf(
  ports: MessagePortTransport,
  nats: ForcedNats | undefined,
  logger: Logger,
): SystemTransports {
  if (nats === undefined) return { transports: [ports], local: 'by-reference' }
  const transport = new NatsTransport({
    servers: [nats.servers],
    cluster: nats.cluster,
    logger,
    carriesOwn: true,
    onFatal: (error) => {
      throw error
    },
  })
  return { transports: [transport], local: 'by-transport' }
}
