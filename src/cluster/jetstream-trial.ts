import type { AccountFacts, JetStreamConnection, StreamFacts } from '../checkpoint/jetstream-connection.js'
import { bucketNeeds, streamOf } from '../checkpoint/jetstream-objects.js'
import { type Random, randomToken } from '../kit/random.js'
import { bucketOf, logNeeds, logStreamOf, logSubjectOf } from './jetstream-layout.js'

/** As a part of a subject it is no run, no folder and no name, so nobody else ever looks there. */
const NOWHERE = '~'
const SMALL = new Uint8Array(64)

/**
 * What a cluster does in JetStream, each thing tried by itself. Nothing is made, and nothing that counts is written:
 * what is published cannot be stored, what is asked for cannot be done; but for one small message of `write`, which is
 * stored where nobody reads, and deleted.
 *
 * All throw RT1501 when there is no answer, and RT1503 when a permission is missing.
 */
export class JetStreamTrial {
  readonly #connection: JetStreamConnection
  readonly #cluster: string
  readonly #random: Random

  constructor(connection: JetStreamConnection, cluster: string, random: Random) {
    this.#connection = connection
    this.#cluster = cluster
    this.#random = random
  }

  account(): Promise<AccountFacts> {
    return this.#connection.account()
  }

  /** The stream of the logs; undefined: no node has made it yet. Throws RT1524. */
  logStream(): Promise<StreamFacts | undefined> {
    return this.#connection.inspectStream(logNeeds(this.#cluster))
  }

  /** The stream of the object store. */
  bucket(): Promise<StreamFacts | undefined> {
    return this.#connection.inspectStream(bucketNeeds(this.#bucket))
  }

  async tryLog(): Promise<void> {
    await this.#connection.tryStore(this.#logStream, logSubjectOf(this.#cluster, NOWHERE))
  }

  /** Chunks, and what stands about each object. */
  async tryObjects(): Promise<void> {
    for (const kind of ['C', 'M']) {
      await this.#connection.tryStore(this.#bucketStream, `$O.${this.#bucket}.${kind}.${NOWHERE}`)
    }
  }

  /** @param mustMake whether a node will have to make the streams: until then nobody answers what asks any replica */
  async tryApi({ mustMake = false } = {}): Promise<void> {
    for (const stream of [this.#logStream, this.#bucketStream]) {
      if (mustMake) await this.#connection.tryApi('STREAM.CREATE', stream)
      await this.#connection.tryApi('STREAM.MSG.GET', stream)
    }
    for (const verb of ['STREAM.MSG.DELETE', 'STREAM.PURGE'] as const)
      await this.#connection.tryApi(verb, this.#bucketStream)
    if (!mustMake) await this.#connection.tryApi('DIRECT.GET', this.#bucketStream)
  }

  /** Stores a small message, resolves when JetStream has confirmed it, and only then deletes it. Throws RT1301. */
  async write(onStored: () => void = () => {}): Promise<void> {
    const subject = `$O.${this.#bucket}.C.${NOWHERE}.${randomToken(this.#random, 20)}`
    const sequence = await this.#connection.store(this.#bucketStream, subject, SMALL)
    onStored()
    if (sequence !== 'refused') await this.#connection.delete(this.#bucketStream, sequence)
  }

  get #logStream(): string {
    return logStreamOf(this.#cluster)
  }

  get #bucket(): string {
    return bucketOf(this.#cluster)
  }

  get #bucketStream(): string {
    return streamOf(this.#bucket)
  }
}
