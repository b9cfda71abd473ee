import { assert } from '../../kit/assert.js'
import type { Clock } from '../../kit/clock.js'
import { RetakeError } from '../../kit/errors.js'
import type { SystemId } from '../../kit/ids.js'
import { LIMITS } from '../../kit/limits.js'
import type { Logger } from '../../kit/logger.js'
import type { Random } from '../../kit/random.js'
import type { Address } from '../actor.js'
import { strangerTo } from '../address.js'
import { within } from './deadline.js'
import type { NatsOptions } from './nats-client.js'
import { NatsConnection, type NatsConnectionOwner } from './nats-connection.js'
import { type NatsLaneName, NatsSubjects, natsInboxOf } from './nats-subjects.js'
import type { Parcel, TransportReceiver } from './transport.js'
import { UnseenParcels } from './unseen-parcels.js'

export interface NatsLaneOptions extends NatsOptions {
  readonly cluster: string
  readonly lane: NatsLaneName
  readonly system: SystemId
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What a lane tells the transport. */
export interface NatsLaneOwner extends Pick<TransportReceiver, 'onUndeliverable' | 'onLink'> {
  onMessage(to: Address, bytes: Uint8Array): void
  onLameDuck(notice: RetakeError): void
  onAlarm(error: RetakeError): void
  onServerWarning(warning: string): void
  onEnded(error: RetakeError): void
}

const SELF_TEST_MS = 5_000
const CLOSE_MS = 2_000
const NOTHING = new Uint8Array(0)

/**
 * One lane of a system: a connection of its own, one wildcard subscription, and the parcels of which the server has not
 * said yet whether anybody is there to take them.
 *
 * Parcels leave in the order of `send`. Those that the connection cannot take yet wait, within a bound; those that wait
 * when the link goes down are reported, in their order. Those already under way when it goes down are in the dark:
 * `onLink` tells that there may be some.
 */
export class NatsLane implements NatsConnectionOwner {
  readonly #options: NatsLaneOptions
  readonly #owner: NatsLaneOwner
  readonly #subjects: NatsSubjects
  /** Names that it hears beside its system. */
  readonly #names = new Set<SystemId>()
  readonly #unseen = new UnseenParcels()
  #connection: NatsConnection | undefined
  #waiting: Waiting[] = []
  #waitingBytes = 0
  /** While it starts, or takes a name. */
  #trial: Trial | undefined

  /** Connects, and proves that this lane is heard and hears. Throws RT1501 to RT1505. */
  static async open(options: NatsLaneOptions, owner: NatsLaneOwner): Promise<NatsLane> {
    const trial = new Trial()
    const lane = new NatsLane(options, owner, trial)
    const connection = await NatsConnection.open(
      { ...options, name: `${options.name}/${options.lane}`, inbox: lane.#inbox },
      lane,
    )
    lane.#connection = connection
    try {
      await lane.#listen(connection, trial)
      return lane
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  private constructor(options: NatsLaneOptions, owner: NatsLaneOwner, trial: Trial) {
    this.#trial = trial
    this.#options = options
    this.#owner = owner
    this.#subjects = new NatsSubjects(options.cluster, options.lane)
  }

  get #inbox(): string {
    const { cluster, system, lane } = this.#options
    return `${natsInboxOf(cluster, system)}.${lane}`
  }

  get link(): 'up' | 'down' {
    return this.#connection?.link ?? 'down'
  }

  get connection(): NatsConnection {
    assert(this.#connection !== undefined, 'a lane is used after it was opened')
    return this.#connection
  }

  /** Hears what is sent to `name`, too. Resolves when the server knows, rejects with RT1503 when it does not allow it. */
  async takeName(name: SystemId): Promise<void> {
    if (this.#names.has(name)) return
    this.#names.add(name)
    const trial = new Trial()
    this.#trial = trial
    try {
      this.connection.subscribe(this.#subjects.allOf(name), (bytes, subject) =>
        this.#owner.onMessage(this.#subjects.addressOf(name, subject), bytes),
      )
      await this.connection.flush()
      this.#options.clock.soon(trial.pass)
      await trial.outcome
    } catch (error) {
      this.dropName(name)
      throw error
    } finally {
      this.#trial = undefined
    }
  }

  dropName(name: SystemId): void {
    if (this.#names.delete(name)) this.connection.unsubscribe(this.#subjects.allOf(name))
  }

  /** Takes `bytes` for good. Reports later, never from within. */
  send(parcel: Parcel, bytes: Uint8Array): void {
    const subject = this.#subjects.of(parcel.to)
    const isFull = this.#waitingBytes + bytes.length > LIMITS.natsQueueBytes
    if (this.link === 'down' || isFull) {
      this.#lose([parcel], 'link-down')
    } else if (this.connection.isWritable && this.#waiting.length === 0) {
      this.#publish(subject, parcel, bytes)
    } else {
      this.#waiting.push({ subject, parcel, bytes })
      this.#waitingBytes += bytes.length
    }
  }

  /** Drops the link and takes it up again. */
  reconnect(): Promise<void> {
    return this.connection.reconnect()
  }

  /** Hears nothing more; what was sent is written, as far as the server takes it in time. */
  async close(): Promise<void> {
    const connection = this.connection
    for (const name of [...this.#names]) this.dropName(name)
    connection.unsubscribe(this.#subjects.allOf(this.#options.system))
    for (const { subject, bytes } of this.#takeWaiting()) connection.publish(subject, bytes)
    if (connection.link === 'up') await connection.flush(CLOSE_MS).catch(() => {})
    await connection.close()
  }

  onLink(state: 'up' | 'down'): void {
    if (state === 'down') this.#unseen.clear()
    this.#owner.onLink(state)
    if (state === 'down')
      this.#lose(
        this.#takeWaiting().map(({ parcel }) => parcel),
        'link-down',
      )
  }

  onNoResponder(number: number): void {
    const parcel = this.#unseen.take(number)
    if (parcel !== undefined) this.#owner.onUndeliverable(parcel, 'no-responder')
  }

  onSeen(upTo: number): void {
    this.#unseen.forget(upTo)
  }

  onDrain(): void {
    const waiting = this.#takeWaiting()
    let next = 0
    while (next < waiting.length && this.connection.isWritable) {
      const { subject, parcel, bytes } = waiting[next++]!
      this.#publish(subject, parcel, bytes)
    }
    this.#waiting = waiting.slice(next)
    for (const { bytes } of this.#waiting) this.#waitingBytes += bytes.length
  }

  onLameDuck(notice: RetakeError): void {
    this.#owner.onLameDuck(notice)
  }

  onPermissionMissing(error: RetakeError): void {
    if (this.#trial === undefined) this.#owner.onAlarm(error)
    else this.#trial.fail(error)
  }

  onServerWarning(warning: string): void {
    this.#owner.onServerWarning(warning)
  }

  onEnded(error: RetakeError): void {
    this.#unseen.clear()
    this.#trial?.fail(error)
    this.#lose(
      this.#takeWaiting().map(({ parcel }) => parcel),
      'link-down',
    )
    this.#owner.onEnded(error)
  }

  #publish(subject: string, parcel: Parcel, bytes: Uint8Array): void {
    const number = this.connection.publish(subject, bytes)
    if (number === 'link-down') this.#lose([parcel], 'link-down')
    else this.#unseen.add(number, parcel)
  }

  #takeWaiting(): Waiting[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    return waiting
  }

  /** In a turn of its own, so that whoever sends is not called back from within. */
  #lose(parcels: readonly Parcel[], why: 'no-responder' | 'link-down'): void {
    if (parcels.length === 0) return
    this.#options.clock.soon(() => {
      for (const parcel of parcels) this.#owner.onUndeliverable(parcel, why)
    })
  }

  /**
   * Subscribes, then sends two messages: to a system that never was, and to ourselves. When the second is heard, the
   * server has also looked at the first, at both subscriptions and at their permissions, and whatever it refused was
   * said before. So a permission that is missing is met while whoever starts us is still looking.
   */
  async #listen(connection: NatsConnection, trial: Trial): Promise<void> {
    const { clock, random, system } = this.#options
    const own = this.#subjects.selfTestOf(system)
    const stranger = this.#subjects.selfTestOf(strangerTo(system, random))
    connection.subscribe(this.#subjects.allOf(system), (bytes, subject) => {
      if (subject !== own) this.#owner.onMessage(this.#subjects.addressOf(system, subject), bytes)
      else clock.soon(trial.pass) // a turn later: the client tells refusals with a delay of some microtasks
    })
    connection.publish(stranger, NOTHING)
    connection.publish(own, NOTHING)
    try {
      await within(clock, SELF_TEST_MS, trial.outcome, () => unheard(own, connection.serverUrl))
    } finally {
      this.#trial = undefined
    }
  }
}

/** What is still open while a lane starts, or takes a name: is it heard, or what is missing? */
class Trial {
  readonly outcome: Promise<void>
  pass: () => void = () => {}
  fail: (error: RetakeError) => void = () => {}

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.pass = resolve
      this.fail = reject
    })
    this.outcome.catch(() => {}) // it may fail before anybody waits for it
  }
}

interface Waiting {
  readonly subject: string
  readonly parcel: Parcel
  readonly bytes: Uint8Array
}

function unheard(subject: string, where: string): RetakeError {
  return new RetakeError('RT1501', {
    what: `a message to ourselves on "${subject}" did not come back within ${SELF_TEST_MS} ms`,
    why: 'the link went down meanwhile, or NATS maps or filters this subject',
    fix: 'try again; if it stays, look for subject mappings, imports and exports of this NATS account',
    where,
  })
}
