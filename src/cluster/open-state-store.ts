import type { NatsOptions } from '../actor/transport/nats-client.js'
import type { Clock } from '../kit/clock.js'
import { RetakeError } from '../kit/errors.js'
import type { Logger } from '../kit/logger.js'
import { type Random, randomToken } from '../kit/random.js'
import { DirectoryStateStore } from './directory-state-store.js'
import type { StateStore } from './state-store.js'

/** Which state store a cluster has; plain data, so that every thread of every node can open the same one. */
export type StateStoreConfig =
  /** A directory that all nodes see. */
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'jetstream'; readonly nats: NatsOptions; readonly cluster: string }

/** Who uses it: a job manager directs runs by their logs, what runs in a task manager's slots keeps blobs alone. */
export type StateStoreUser = 'job-manager' | 'task-manager'

export interface StateStoreSurroundings {
  /** Who opens it, as the server's list of connections shall say. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Its connection has ended for good: end the process, so that it is started again. */
  readonly onEnded?: (error: RetakeError) => void
}

/** Throws RT1501 to RT1505, RT1518 and RT1524 for a JetStream that cannot be used. */
export async function openStateStore(
  config: StateStoreConfig,
  user: StateStoreUser,
  surroundings: StateStoreSurroundings,
): Promise<StateStore> {
  if (config.kind === 'directory') return new DirectoryStateStore({ directory: config.directory })
  // Whoever keeps a directory needs no client of NATS.
  const { JetStreamStateStore } = await import('./jetstream-state-store.js')
  const { nats, cluster } = config
  return JetStreamStateStore.open({ ...surroundings, nats, cluster, user })
}

/**
 * Does once what `user` will do there, by a connection that is closed again; makes nothing, and leaves nothing behind.
 * Throws what keeps it from working; what is only worth a warning, as no space being left, it gives.
 */
export async function tryStateStore(
  config: StateStoreConfig,
  user: StateStoreUser,
  surroundings: StateStoreSurroundings,
): Promise<readonly RetakeError[]> {
  try {
    if (config.kind === 'directory') await tryDirectory(config.directory, surroundings)
    else await tryJetStream(config, user, surroundings)
    return []
  } catch (error) {
    // Room may be made while the node runs, and by the node itself, when it sweeps what nobody needs.
    if (error instanceof RetakeError && error.code === 'RT1301') return [error]
    throw error
  }
}

/** Each try has a folder of its own, so that none meets another's. */
async function tryDirectory(directory: string, { random }: StateStoreSurroundings): Promise<void> {
  const { documents } = new DirectoryStateStore({ directory })
  const document = `trials/${randomToken(random)}/try.txt`
  await documents.put(document, new Uint8Array(1))
  await documents.delete(document)
}

async function tryJetStream(
  { nats, cluster }: Extract<StateStoreConfig, { kind: 'jetstream' }>,
  user: StateStoreUser,
  surroundings: StateStoreSurroundings,
): Promise<void> {
  const { JetStreamTrial } = await import('./jetstream-trial.js')
  const trial = await JetStreamTrial.open({ ...surroundings, nats, cluster, user })
  try {
    await trial.tryAll()
  } finally {
    await trial.close()
  }
}
