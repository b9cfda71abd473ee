import { pause } from '#src/actor/transport/deadline.js'
import {
  openStateStore,
  type StateStoreConfig,
  type StateStoreSurroundings,
} from '#src/cluster/open-state-store.js'
import type { StateStore } from '#src/cluster/state-store.js'
import { isRetakeError, type RetakeError } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'
import type { TaskManagerNews } from './task-manager.js'

/**
 * The store of a cluster, tried once. A NATS cluster that has only just come up elects who answers for JetStream, and says nothing
 * meanwhile: for some seconds that is no reason to give up.
 */
export async function provenStore(
  config: StateStoreConfig,
  surroundings: StateStoreSurroundings,
  onNews: (news: TaskManagerNews) => void,
  onWarning: (error: RetakeError) => void,
): Promise<StateStore> {
  const { clock } = surroundings
  const giveUpAt = clock.now() + LIMITS.storeStartMs
  for (;;) {
    let store: StateStore | undefined
    try {
      store = await openStateStore(config, surroundings)
      for (const warning of await store.selfTest()) onWarning(warning)
      return store
    } catch (error) {
      await store?.close()
      if (!isRetakeError(error) || error.code !== 'RT1501' || clock.now() >= giveUpAt) throw error
      onNews({ type: 'waiting', reason: `${error.what}: ${error.why}` })
      await pause(clock, LIMITS.storeRetryMs)
    }
  }
}
