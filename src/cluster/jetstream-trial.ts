import type { AccountFacts, JetStreamConnection, StreamFacts } from '../checkpoint/jetstream-connection.js'
import { bucketNeeds, streamOf } from '../checkpoint/jetstream-objects.js'
import { type Random, randomToken } from '../kit/random.js'
import {
  bucketOf,
  connectJetStream,
  type JetStreamOptions,
  leaseNeeds,
  leaseStreamOf,
  logNeeds,
  logStreamOf,
  logSubjectOf,
} from './jetstream-layout.js'
import type { StateStoreUser } from './open-state-store.js'

/** As a part of a subject it is no run, no folder and no name, so nobody else ever looks there. */
const NOWHERE = '~'
const SMALL = new Uint8Array(64)

/**
 * What a user does in JetStream, each thing tried by itself. Nothing is made, and nothing that counts is written: what
 * is published cannot be stored, what is asked for cannot be done; but for one small message of `write`, which is stored
 * where nobody reads, and deleted.
 *
 * All throw RT1501 when there is no answer, and RT1503 when a permission is missing.
 */
export class JetStreamTrial {
  readonly #connection: JetStreamConnection
  readonly #cluster: string
  readonly #user: StateStoreUser
  readonly #random: Random

  /** Throws RT1501 to RT1505, and RT1518 without JetStream. */
  static async open(options: JetStreamOptions): Promise<JetStreamTrial> {
    return new JetStreamTrial(await connectJetStream(options), options)
  }

  private constructor(connection: JetStreamConnection, { cluster, user, random }: JetStreamOptions) {
    this.#connection = connection
    this.#cluster = cluster
    this.#user = user
    this.#random = random
  }

  /** Throws RT1524 besides, and RT1301 when no space is left. */
  async tryAll(): Promise<void> {
    const missing = await this.#missing()
    await this.tryApi(missing)
    if (this.#user === 'job-manager') {
      await this.tryLog()
      await this.tryLease()
    }
    await this.tryObjects()
    if (!missing.has(this.#bucketStream)) await this.write()
  }

  account(): Promise<AccountFacts> {
    return this.#connection.account()
  }

  /** The stream of the logs; undefined: no job manager has made it yet. Throws RT1524. */
  logStream(): Promise<StreamFacts | undefined> {
    return this.#connection.inspectStream(logNeeds(this.#cluster))
  }

  /** The stream of the object store. */
  bucket(): Promise<StreamFacts | undefined> {
    return this.#connection.inspectStream(bucketNeeds(this.#bucket))
  }

  /** The stream of the lease, of a job manager alone. */
  leaseBucket(): Promise<StreamFacts | undefined> {
    return this.#connection.inspectStream(leaseNeeds(this.#cluster))
  }

  async tryLog(): Promise<void> {
    await this.#connection.tryStore(this.#logStream, logSubjectOf(this.#cluster, NOWHERE))
  }

  async tryLease(): Promise<void> {
    await this.#connection.tryStore(this.#leaseStream, `$KV.${this.#bucket}.${NOWHERE}`)
  }

  /** Chunks, and what stands about each object. */
  async tryObjects(): Promise<void> {
    for (const kind of ['C', 'M'])
      await this.#connection.tryStore(this.#bucketStream, `$O.${this.#bucket}.${kind}.${NOWHERE}`)
  }

  /** @param missing streams: a job manager makes them; and nobody answers for a replica of one */
  async tryApi(missing: ReadonlySet<string>): Promise<void> {
    const bucket = this.#bucketStream
    if (this.#user === 'job-manager') {
      for (const stream of missing) await this.#connection.tryApi('STREAM.CREATE', stream)
      for (const stream of [this.#logStream, this.#leaseStream])
        await this.#connection.tryApi('STREAM.MSG.GET', stream)
    }
    for (const verb of ['STREAM.MSG.GET', 'STREAM.MSG.DELETE', 'STREAM.PURGE'] as const)
      await this.#connection.tryApi(verb, bucket)
    if (!missing.has(bucket)) await this.#connection.tryApi('DIRECT.GET', bucket)
  }

  /** Stores a small message, resolves when JetStream has confirmed it, and only then deletes it. Throws RT1301. */
  async write(onStored: () => void = () => {}): Promise<void> {
    const subject = `$O.${this.#bucket}.C.${NOWHERE}.${randomToken(this.#random, 20)}`
    const sequence = await this.#connection.store(this.#bucketStream, subject, SMALL)
    onStored()
    if (sequence !== 'refused') await this.#connection.delete(this.#bucketStream, sequence)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #missing(): Promise<ReadonlySet<string>> {
    const needs = [logNeeds(this.#cluster), bucketNeeds(this.#bucket)]
    if (this.#user === 'job-manager') needs.push(leaseNeeds(this.#cluster))
    const missing = new Set<string>()
    for (const each of needs)
      if ((await this.#connection.inspectStream(each)) === undefined) missing.add(each.name)
    return missing
  }

  get #logStream(): string {
    return logStreamOf(this.#cluster)
  }

  get #leaseStream(): string {
    return leaseStreamOf(this.#cluster)
  }

  get #bucket(): string {
    return bucketOf(this.#cluster)
  }

  get #bucketStream(): string {
    return streamOf(this.#bucket)
  }
}
