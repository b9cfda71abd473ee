import type { StateStore } from '../cluster/state-store.js'
import { assert } from '../kit/assert.js'
import { isToken, type RunId } from '../kit/ids.js'
import { wholeOf } from '../state/bytes.js'
import type { BlobName } from '../state/snapshot.js'
import { MemoryBlobs } from './memory-blobs.js'
import { MemoryDocuments } from './memory-documents.js'
import { MemoryLease } from './memory-lease.js'
import { MemoryLog } from './memory-log.js'

/** Plain data: all that a `MemoryState` holds. */
export interface StateContents {
  /** By run: the entries of its log, oldest first. */
  readonly logs: readonly (readonly [run: string, entries: readonly Uint8Array[]])[]
  readonly documents: readonly (readonly [name: string, bytes: Uint8Array])[]
  readonly blobs: readonly (readonly [name: string, bytes: Uint8Array])[]
}

/**
 * All that a cluster keeps, in the memory of a test. It outlives the nodes that open it, as a directory or JetStream
 * would: who opens it anew finds what was there.
 *
 * Its own methods do things at once, for whoever puts a way of their own before them; `open` gives what nodes use.
 */
export class MemoryState {
  readonly blobs: MemoryBlobs
  readonly documents: MemoryDocuments
  /** Not of its contents: whoever goes on with those has a cluster of his own. */
  readonly lease = new MemoryLease()
  readonly #logs: Map<RunId, MemoryLog>

  /** @param contents what another one held: both go on by themselves */
  constructor({ logs, documents, blobs }: StateContents = { logs: [], documents: [], blobs: [] }) {
    this.blobs = new MemoryBlobs(blobs as Iterable<[BlobName, Uint8Array]>)
    this.documents = new MemoryDocuments(documents)
    this.#logs = new Map(logs.map(([run, entries]) => [run as RunId, new MemoryLog(run as RunId, entries)]))
  }

  /** A copy of all that it holds. */
  contents(): StateContents {
    const logs = [...this.#logs].map(([run, log]) => [run, log.contents()] as const)
    return { logs, documents: this.documents.contents(), blobs: this.blobs.contents() }
  }

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
    const { blobs, documents, lease } = this
    return {
      blobs: {
        put: async (name, bytes) => blobs.put(name, wholeOf(bytes)),
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
      lease: {
        read: async () => lease.read(),
        write: async (holder, after) => lease.write(holder, after),
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
