import { partsOfBlobName } from '#src/checkpoint/blob-name.js'
import { encodeLogEntry } from '#src/cluster/log-entry-codec.js'
import type { StateStore } from '#src/cluster/state-store.js'
import type { Tally } from './tally.js'

/** The same store, which counts what is written and read: entries by what they decide, manifests, parts, the lease. */
export function meteredStore(store: StateStore, tally: Tally): StateStore {
  const { blobs, lease } = store
  return {
    ...store,
    blobs: {
      ...blobs,
      put: (name, bytes) => {
        const isManifest = partsOfBlobName(name)?.name.startsWith('manifest.') === true
        tally.add(isManifest ? 'manifest' : 'part', bytes.length)
        return blobs.put(name, bytes)
      },
    },
    log: (run) => {
      const log = store.log(run)
      return {
        ...log,
        read: () => {
          tally.add('log read')
          return log.read()
        },
        append: (entry) => {
          tally.add(`entry ${entry.event.type}`, encodeLogEntry(entry).length)
          return log.append(entry)
        },
      }
    },
    lease: {
      read: () => {
        tally.add('lease read')
        return lease.read()
      },
      write: (holder, after) => {
        tally.add('lease written')
        return lease.write(holder, after)
      },
    },
  }
}
