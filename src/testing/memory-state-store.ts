import type { StateStore } from '../cluster/state-store.js'
import { assert } from '../kit/assert.js'
import { isToken, type RunId } from '../kit/ids.js'
import { MemoryBlobs } from './memory-blobs.js'
import { MemoryDocuments } from './memory-documents.js'
import { MemoryLog } from './memory-log.js'

/**
 * All that a cluster keeps, in the memory of a test. It outlives the nodes that open it, as a directory or JetStream
 * would: who opens it anew finds what was there.
 *
 * Its own methods do things at once, for whoever puts a way of their own before them; `open` gives what nodes use.
 */
export class MemoryState {
  readonly blobs = new MemoryBlobs()
  readonly documents = new MemoryDocuments()
  readonly #logs = new Map<RunId, MemoryLog>()

  log(run: RunId): MemoryLog {
    assert(isToken(run), 'a run is a token', { run })
    const known = this.#logs.get(run)
    if (known !== undefined) return known
    const made = new MemoryLog(run)
    this.#logs.set(run, made)
    return made
  }

  /** Every run whose log has an entry. */
  runs(): readonly RunId[] {
    return [...this.#logs].filter(([, log]) => log.read().length > 0).map(([run]) => run)
  }

  /** One client, as each node has its own. What is refused rejects, and throws nothing. */
  open(): StateStore {
    const { blobs, documents } = this
    return {
      blobs: {
        put: async (name, bytes) => blobs.put(name, bytes),
        get: async (part) => blobs.get(part),
        delete: async (names) => {
          for (const name of names) blobs.delete(name)
        },
        list: async (prefix) => blobs.list(prefix),
      },
      documents: {
        put: async (name, bytes) => documents.put(name, bytes),
        get: async (name) => documents.get(name),
        list: async (folder) => documents.list(folder),
        delete: async (name) => documents.delete(name),
      },
      log: (run) => {
        const log = this.log(run)
        return { read: async () => log.read(), append: async (entry) => log.append(entry) }
      },
      runs: async () => this.runs(),
      close: async () => {},
    }
  }
}
