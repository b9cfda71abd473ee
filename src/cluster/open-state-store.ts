import type { NatsOptions } from '../actor/transport/nats-client.js'
import type { Clock } from '../kit/clock.js'
import type { Logger } from '../kit/logger.js'
import type { Random } from '../kit/random.js'
import { DirectoryStateStore } from './directory-state-store.js'
import type { StateStore } from './state-store.js'

/** Which state store a cluster has; plain data, so that every thread of every node can open the same one. */
export type StateStoreConfig =
  /** A directory that all nodes see. */
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'jetstream'; readonly nats: NatsOptions; readonly cluster: string }

export interface StateStoreSurroundings {
  /** Who opens it, as the server's list of connections shall say. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** Throws RT1501 to RT1505, RT1518 and RT1524 for a JetStream that cannot be used. */
export async function openStateStore(
  config: StateStoreConfig,
  surroundings: StateStoreSurroundings,
): Promise<StateStore> {
  if (config.kind === 'directory') return new DirectoryStateStore({ directory: config.directory })
  // Whoever keeps a directory needs no client of NATS.
  const { JetStreamStateStore } = await import('./jetstream-state-store.js')
  const { nats, cluster } = config
  return JetStreamStateStore.open({ ...surroundings, nats, cluster })
}
