import type { BlobStore } from '../checkpoint/blob-store.js'
import type { RunId } from '../kit/ids.js'
import type { JobLog } from './job-log.js'
import type { LeaseStore } from './lease.js'

/**
 * Where a cluster keeps all that must outlive its processes. Only the logs decide; blobs and documents are what they
 * name. A directory that all nodes see (`directory-state-store.ts`), or JetStream (`jetstream-state-store.ts`); one
 * contract suite for both.
 */
export interface StateStore {
  /** Parts of snapshots, and manifests. Of all runs: a blob's name begins with its run. */
  readonly blobs: BlobStore
  readonly documents: Documents
  /** Who directs the cluster's jobs; of no use to one that stands alone. */
  readonly lease: LeaseStore
  /** The log of `run`, empty before its submission. */
  log(run: RunId): JobLog
  /** Every run whose log has an entry, in no order. */
  runs(): Promise<readonly RunId[]>
  /** Lets go of connections; what was answered before is kept. */
  close(): Promise<void>
}

/**
 * Small things under names: `<folder>/<name>`, or `<folder>/<folder>/<name>`. Folders are tokens, and a name has a dot,
 * as `document-name.ts` says. They decide nothing.
 */
export interface Documents {
  /** Resolves when `bytes` survive a crash. Replaces what stood there. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** Undefined when nothing stands there. */
  get(name: string): Promise<Uint8Array | undefined>
  /** Names of all below `folder`, at any depth. */
  list(folder: string): Promise<readonly string[]>
  /** What is not there is as good as deleted. */
  delete(name: string): Promise<void>
}
