import { pause } from '../actor/transport/deadline.js'
import type { Clock } from '../kit/clock.js'
import { isRetakeError } from '../kit/errors.js'
import { LIMITS } from '../kit/limits.js'
import type { StateStore } from './state-store.js'

/**
 * A store whose blobs and documents are asked for again while nobody answers for them: servers of JetStream that have
 * lost their leader elect another within some seconds, and a link that broke is back as soon. Without it each such
 * moment would fail checkpoints, and use up the restarts of jobs that begin just then.
 *
 * Only what can be done twice is: a blob's `put` decides nothing. What decides, the logs and the lease, has its own
 * ways with answers that do not come.
 */
export function patientStore(store: StateStore, clock: Clock): StateStore {
  const { blobs, documents, lease } = store
  return {
    blobs: {
      put: (name, bytes) => patiently(clock, () => blobs.put(name, bytes)),
      get: (part) => patiently(clock, () => blobs.get(part)),
      delete: (names) => blobs.delete(names),
      list: (prefix) => blobs.list(prefix),
    },
    documents: {
      put: (name, bytes) => documents.put(name, bytes),
      get: (name) => patiently(clock, () => documents.get(name)),
      list: (folder) => documents.list(folder),
      delete: (name) => documents.delete(name),
    },
    lease,
    log: (run) => store.log(run),
    runs: () => store.runs(),
    close: () => store.close(),
  }
}

/** Does `work` again while its store cannot be reached (RT1501), for `LIMITS.storePatienceMs`. */
export async function patiently<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const until = clock.now() + LIMITS.storePatienceMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const isUnreachable = isRetakeError(error) && error.code === 'RT1501'
      if (!isUnreachable || clock.now() >= until) throw error
      await pause(clock, LIMITS.storeRetryMs)
    }
  }
}
