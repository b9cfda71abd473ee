import type { NatsOptions } from '../actor/transport/nats-client.js'
import type { BlobStore } from '../checkpoint/blob-store.js'
import { JetStreamBlobStore } from '../checkpoint/jetstream-blob-store.js'
import { JetStreamConnection, type StreamNeeds } from '../checkpoint/jetstream-connection.js'
import { bucketNeeds } from '../checkpoint/jetstream-objects.js'
import { assert } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import { isToken, type RunId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Logger } from '../kit/logger.js'
import { type Random, randomToken } from '../kit/random.js'
import { JetStreamDocuments } from './jetstream-documents.js'
import { JetStreamJobLog } from './jetstream-job-log.js'
import type { Documents, StateStore } from './state-store.js'

export interface JetStreamStateStoreOptions {
  readonly nats: NatsOptions
  readonly cluster: string
  /** How operators find the connection in the server's list: role, node, incarnation, purpose. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * All that a cluster keeps, in JetStream: a stream `retake_<cluster>_log` with a subject for each run, and an object
 * store `retake_<cluster>` for blobs and documents. On one server this is as durable as that server's disk was in time
 * (it confirms first and syncs later, `sync_interval`); on three, a cluster loses nothing when it loses one.
 */
export class JetStreamStateStore implements StateStore {
  readonly blobs: BlobStore
  readonly documents: Documents
  readonly #connection: JetStreamConnection
  readonly #cluster: string

  /**
   * Connects, and makes what is not there yet; several nodes may do so at once. Throws RT1501 to RT1505, RT1518 without
   * JetStream, and RT1524 where something else has the names.
   */
  static async open(options: JetStreamStateStoreOptions): Promise<JetStreamStateStore> {
    const { nats, cluster, name, clock, random, logger } = options
    assert(isToken(cluster), 'a cluster has a token for its name', { cluster })
    const inbox = `_INBOX.${cluster}.${randomToken(random, 20)}`
    const connection = await JetStreamConnection.open({ ...nats, name, inbox, clock, random, logger })
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
    await this.#connection.removeStream(logStreamOf(this.#cluster))
    await this.#connection.removeStream(bucketNeeds(bucketOf(this.#cluster)).name)
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}

/** Nothing of a log goes but by newer entries of the same run: not by age, nor by what other runs write. */
function logNeeds(cluster: string): StreamNeeds {
  return {
    name: logStreamOf(cluster),
    config: {
      subjects: [logSubjectOf(cluster, '*')],
      retention: 'limits',
      storage: 'file',
      max_age: 0,
      max_msgs: -1,
      max_bytes: -1,
      max_msgs_per_subject: LIMITS.logEntriesKept,
      discard: 'old',
    },
  }
}

function logStreamOf(cluster: string): string {
  return `retake_${cluster}_log`
}

function logSubjectOf(cluster: string, run: string): string {
  return `rt.${cluster}.log.${run}`
}

function bucketOf(cluster: string): string {
  return `retake_${cluster}`
}
