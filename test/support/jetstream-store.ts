import { JetStreamStateStore, type JetStreamStateStoreOptions } from '#src/cluster/jetstream-state-store.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'

export type StoreOverrides = Partial<Omit<JetStreamStateStoreOptions, 'cluster' | 'nats' | 'user'>> &
  Partial<JetStreamStateStoreOptions['nats']>

/** The state store of `cluster` on the server at `url`. */
export function openJetStream(
  url: string,
  cluster: string,
  overrides: StoreOverrides = {},
): Promise<JetStreamStateStore> {
  const { name = 'test', clock = systemClock, random = systemRandom, logger = silentLogger } = overrides
  const nats = { servers: [url], connectMs: 2_000, ...overrides }
  return JetStreamStateStore.open({ nats, cluster, user: 'job-manager', name, clock, random, logger })
}
