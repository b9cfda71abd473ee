import type { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import type { NatsOptions } from '#src/actor/transport/nats-client.js'
import { NatsTransport } from '#src/actor/transport/nats-transport.js'
import type { Transport } from '#src/actor/transport/transport.js'
import type { RetakeError } from '#src/kit/errors.js'
import type { Logger } from '#src/kit/logger.js'

/** The way to the other processes of a cluster; plain data. */
export interface NatsLink {
  readonly options: NatsOptions
  readonly cluster: string
  /** Every message goes by it, those between threads of a process and within one too: for tests, and for measuring. */
  readonly isForced: boolean
}

export interface SystemTransports {
  readonly transports: readonly Transport[]
  readonly local: 'by-reference' | 'by-transport'
}

export interface TransportsOptions {
  readonly ports: MessagePortTransport
  readonly nats: NatsLink | undefined
  /** A slot's thread exchanges them; the main thread has nothing to do with any. */
  readonly carriesFrames: boolean
  /** Of the process and the thread, as the server's list of connections shall say. */
  readonly name: string
  readonly logger: Logger
  /** The link has ended for good. */
  readonly onFatal: (error: RetakeError) => void
  /** A permission went missing while we run, or a server asks us to leave; said again and again. */
  readonly onWarning: (error: RetakeError) => void
}

/** Whoever hears that a link has ended is called by what it ended for, and would not let a throw pass. */
export function endProcess(error: RetakeError): void {
  queueMicrotask(() => {
    throw error
  })
}

/** How an actor system of this process reaches the others: by ports between threads, over NATS between processes. */
export function transportsOf({
  ports,
  nats,
  carriesFrames,
  name,
  logger,
  onFatal,
  onWarning,
}: TransportsOptions): SystemTransports {
  if (nats === undefined) return { transports: [ports], local: 'by-reference' }
  const { options, cluster, isForced } = nats
  const transport = new NatsTransport({
    ...options,
    cluster,
    name,
    logger,
    carriesOwn: isForced,
    carriesFrames,
    onFatal,
    onAlarm: onWarning,
    // It is followed when it cuts us off: leaving sooner would cost the jobs the same restart.
    onLameDuck: onWarning,
  })
  return isForced
    ? { transports: [transport], local: 'by-transport' }
    : { transports: [ports, transport], local: 'by-reference' }
}
