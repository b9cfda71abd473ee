import { isUnanswered, type JetStreamConnection } from '../checkpoint/jetstream-connection.js'
import { LIMITS } from '../kit/limits.js'
import { leaseNeeds, leaseStreamOf, leaseSubjectOf } from './jetstream-layout.js'
import type { Lease, LeaseHolder, LeaseStore } from './lease.js'
import { decodeLeaseHolder, encodeLeaseHolder } from './lease-codec.js'

/** Whoever waits longer for an answer may be replaced meanwhile. */
const PATIENCE = { timeoutMs: LIMITS.leaseAnswerMs }

/**
 * The lease as the key `leader` of a key-value bucket `retake_<cluster>`, where operators look at it (`nats kv get`). Its
 * revision is the sequence of the message that holds it: JetStream stores the next one only if that is still the last.
 *
 * The bucket is made on first use: a task manager opens the same store, never asks for the lease, and may not make it.
 */
export class JetStreamLease implements LeaseStore {
  readonly #connection: JetStreamConnection
  readonly #cluster: string
  readonly #stream: string
  readonly #subject: string
  #made = false

  constructor(connection: JetStreamConnection, cluster: string) {
    this.#connection = connection
    this.#cluster = cluster
    this.#stream = leaseStreamOf(cluster)
    this.#subject = leaseSubjectOf(cluster)
  }

  read(): Promise<Lease | undefined> {
    return this.#inBucket(async () => {
      const message = await this.#connection.last(this.#stream, this.#subject, PATIENCE)
      return message && { revision: message.sequence, holder: decodeLeaseHolder(message.data) }
    })
  }

  write(holder: LeaseHolder, after: number): Promise<number | 'taken'> {
    return this.#inBucket(async () => {
      const data = encodeLeaseHolder(holder)
      const stored = await this.#connection.store(this.#stream, this.#subject, data, { after, ...PATIENCE })
      return stored === 'refused' ? 'taken' : stored
    })
  }

  /** After a refusal the bucket is looked for again: it may have been deleted. */
  async #inBucket<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#made) {
      await this.#connection.ensureStream(leaseNeeds(this.#cluster))
      this.#made = true
    }
    try {
      return await work()
    } catch (error) {
      if (!isUnanswered(error)) this.#made = false
      throw error
    }
  }
}
