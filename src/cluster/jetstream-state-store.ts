import type { BlobStore } from '../checkpoint/blob-store.js'
import { JetStreamBlobStore } from '../checkpoint/jetstream-blob-store.js'
import type { JetStreamConnection } from '../checkpoint/jetstream-connection.js'
import { bucketNeeds } from '../checkpoint/jetstream-objects.js'
import { assert } from '../kit/assert.js'
import { isToken, type RunId } from '../kit/ids.js'
import type { Random } from '../kit/random.js'
import { JetStreamDocuments } from './jetstream-documents.js'
import { JetStreamJobLog } from './jetstream-job-log.js'
import {
  bucketOf,
  connectJetStream,
  type JetStreamOptions,
  leaseNeeds,
  logNeeds,
  logStreamOf,
  logSubjectOf,
} from './jetstream-layout.js'
import { JetStreamLease } from './jetstream-lease.js'
import type { LeaseStore } from './lease.js'
import type { Documents, StateStore } from './state-store.js'

export type JetStreamStateStoreOptions = JetStreamOptions

/**
 * All that a cluster keeps, in JetStream: a stream `retake_<cluster>_log` with a subject for each run, an object store
 * `retake_<cluster>` for blobs and documents, and a key-value bucket of the same name for the lease. On one server this is as durable as that server's disk was in time
 * (it confirms first and syncs later, `sync_interval`); on three, a cluster loses nothing when it loses one.
 */
export class JetStreamStateStore implements StateStore {
  readonly blobs: BlobStore
  readonly documents: Documents
  readonly lease: LeaseStore
  readonly #connection: JetStreamConnection
  readonly #cluster: string

  /**
   * Connects, and makes what is not there yet; several nodes may do so at once. Throws RT1501 to RT1505, RT1518 without
   * JetStream, and RT1524 where something else has the names.
   */
  static async open(options: JetStreamStateStoreOptions): Promise<JetStreamStateStore> {
    const { cluster, random } = options
    const connection = await connectJetStream(options)
    try {
      await connection.ensureStream(logNeeds(cluster))
      await connection.ensureStream(bucketNeeds(bucketOf(cluster)))
    } catch (error) {
      await connection.close()
      throw error
    }
    return new JetStreamStateStore(connection, cluster, random)
  }

  private constructor(connection: JetStreamConnection, cluster: string, random: Random) {
    this.#connection = connection
    this.#cluster = cluster
    const objects = { connection, bucket: bucketOf(cluster), random }
    this.blobs = new JetStreamBlobStore(objects)
    this.documents = new JetStreamDocuments(objects)
    this.lease = new JetStreamLease(connection, cluster)
  }

  log(run: RunId): JetStreamJobLog {
    assert(isToken(run), 'a run is a token', { run })
    return new JetStreamJobLog(this.#connection, logStreamOf(this.#cluster), logSubjectOf(this.#cluster, run))
  }

  async runs(): Promise<readonly RunId[]> {
    const filter = logSubjectOf(this.#cluster, '*')
    const subjects = await this.#connection.subjects(logStreamOf(this.#cluster), filter)
    return subjects.map((subject) => subject.slice(filter.length - 1)).filter(isToken) as RunId[]
  }

  /** Removes all that the cluster keeps, for one that is not to be started again. Its nodes have ended. */
  async remove(): Promise<void> {
    await this.#connection.removeStream(leaseNeeds(this.#cluster).name)
    await this.#connection.removeStream(logStreamOf(this.#cluster))
    await this.#connection.removeStream(bucketNeeds(bucketOf(this.#cluster)).name)
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}
