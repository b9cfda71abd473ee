import { pause } from '#src/actor/transport/deadline.js'
import {
  openStateStore,
  type StateStoreConfig,
  type StateStoreSurroundings,
  type StateStoreUser,
  tryStateStore,
} from '#src/cluster/open-state-store.js'
import type { StateStore } from '#src/cluster/state-store.js'
import { isRetakeError, type RetakeError } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'

export interface ProvenStoreOptions extends StateStoreSurroundings {
  readonly config: StateStoreConfig
  readonly user: StateStoreUser
  /** Why it takes long, for people. */
  readonly onWaiting: (reason: string) => void
  readonly onWarning: (error: RetakeError) => void
}

/**
 * The store of a cluster, opened for a job manager; a task manager keeps it shut, for each of its slots opens it for
 * itself. That its user can do all it will have to do there is known now, and not when the first job runs.
 *
 * A NATS cluster that has only just come up elects who answers for JetStream, and says nothing meanwhile: for some
 * seconds that is no reason to give up.
 */
export async function provenStore(options: ProvenStoreOptions): Promise<StateStore | undefined> {
  const { clock, onWaiting } = options
  const giveUpAt = clock.now() + LIMITS.storeStartMs
  for (;;) {
    try {
      return await proven(options)
    } catch (error) {
      if (!isRetakeError(error) || error.code !== 'RT1501' || clock.now() >= giveUpAt) throw error
      onWaiting(`${error.what}: ${error.why}`)
      await pause(clock, LIMITS.storeRetryMs)
    }
  }
}

async function proven(options: ProvenStoreOptions): Promise<StateStore | undefined> {
  const { config, user, onWarning } = options
  const store = user === 'job-manager' ? await openStateStore(config, user, options) : undefined
  try {
    for (const warning of await tryStateStore(config, user, options)) onWarning(warning)
    return store
  } catch (error) {
    await store?.close()
    throw error
  }
}
