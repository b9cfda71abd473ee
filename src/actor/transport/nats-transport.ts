import { assert } from '../../kit/assert.js'
import { type Clock, systemClock } from '../../kit/clock.js'
import { RetakeError } from '../../kit/errors.js'
import type { SystemId } from '../../kit/ids.js'
import { LIMITS } from '../../kit/limits.js'
import { type Logger, silentLogger } from '../../kit/logger.js'
import { type Random, systemRandom } from '../../kit/random.js'
import type { Address } from '../actor.js'
import type { NatsOptions } from './nats-client.js'
import { NatsLane } from './nats-lane.js'
import type { NatsLaneName } from './nats-subjects.js'
import { decodeParcel, encodeParcel } from './parcel-bytes.js'
import type { Parcel, Transport, TransportReceiver } from './transport.js'

/** What a `NatsTransport` takes: where NATS is, who we are, and who hears of trouble. */
export interface NatsTransportOptions extends NatsOptions {
  /** Clusters on one NATS server do not hear each other. A token: letters, digits, `_`, `-`. */
  readonly cluster: string
  /** Role and node, as operators shall read it in the server's list of connections. Default: the id of the system. */
  readonly name?: string
  /** False: only control goes over it, so it has one connection. Default: true. */
  readonly carriesFrames?: boolean
  /** A connection ended for good, and will not come back: end the process, so that it is started again. */
  readonly onFatal: (error: RetakeError) => void
  /** A permission went missing while we ran. Logged in any case. */
  readonly onAlarm?: (error: RetakeError) => void
  /** The server asks us to leave within minutes: call `reconnect` at a moment that suits. */
  readonly onLameDuck?: (notice: RetakeError) => void
  /** Carries what a system sends to itself, too: forces everything over NATS, for tests and for measuring. */
  readonly carriesOwn?: boolean
  /** `systemClock` unless said. */
  readonly clock?: Clock
  /** `systemRandom` unless said. */
  readonly random?: Random
  /** `silentLogger` unless said. */
  readonly logger?: Logger
}

/**
 * Parcels over NATS, between processes: `rt.<cluster>.c.<system>.<path>` for control, `rt.<cluster>.d.…` for frames.
 *
 * Each lane has a connection of its own, since the server reads a sender's messages one after the other: while it waits
 * for a receiver of frames that does not read, it takes nothing else from that connection, credits and heartbeats
 * neither. The link counts as up when both are. Only slots exchange frames: whoever else speaks has one lane.
 *
 * `send` throws for what the sender did wrong: a body that is no plain data (RT1508), a parcel that is too large
 * (RT1507), an address that is no address. Whatever a peer or an outage does, it reports.
 */
export class NatsTransport implements Transport {
  readonly #options: NatsTransportOptions
  readonly #clock: Clock
  readonly #logger: Logger
  #state: State = { kind: 'fresh' }
  #link: 'up' | 'down' = 'down'
  readonly #warnings = new Set<string>()
  #malformed = 0
  #fatal: RetakeError | undefined

  constructor(options: NatsTransportOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
  }

  /** Throws RT1501 to RT1505. Once in the life of a transport. */
  async open(system: SystemId, receiver: TransportReceiver): Promise<void> {
    assert(this.#state.kind === 'fresh', 'a transport is opened once', { state: this.#state.kind })
    this.#state = { kind: 'opening', receiver }
    const { carriesFrames = true } = this.#options
    const opened = await Promise.allSettled([
      this.#openLane('c', system),
      carriesFrames ? this.#openLane('d', system) : undefined,
    ])
    const [control, data] = opened
    if (control.status === 'fulfilled' && data.status === 'fulfilled' && !this.#isClosed) {
      this.#state = { kind: 'open', system, receiver, control: control.value, data: data.value }
      this.#link = 'up'
      return
    }
    for (const lane of opened) if (lane.status === 'fulfilled') await lane.value?.close()
    this.#state = { kind: 'closed' }
    for (const lane of opened) if (lane.status === 'rejected') throw lane.reason
  }

  /** Of its control lane: frames go to systems that are known. Throws RT1503. */
  async takeName(name: SystemId): Promise<void> {
    assert(this.#state.kind === 'open', 'a transport is opened before it takes a name', { name })
    await this.#state.control.takeName(name)
  }

  dropName(name: SystemId): void {
    if (this.#state.kind === 'open') this.#state.control.dropName(name)
  }

  reaches(system: SystemId): boolean {
    if (this.#state.kind !== 'open') return false
    return this.#options.carriesOwn === true || system !== this.#state.system
  }

  send(parcel: Parcel): void {
    const state = this.#state
    if (state.kind === 'closed') return
    assert(state.kind === 'open', 'a transport is opened before it sends', { to: parcel.to })
    if (parcel.kind === 'frame') {
      assert(parcel.body instanceof Uint8Array, 'a frame on NATS is bytes', { to: parcel.to })
      assert(state.data !== undefined, 'a frame goes over a transport that carries frames', { to: parcel.to })
      state.data.send(parcel, this.#small(parcel, parcel.body))
    } else {
      state.control.send(parcel, this.#small(parcel, encodeParcel(parcel)))
    }
  }

  /** What came and could not be read: somebody else publishes on our subjects. */
  get malformed(): number {
    return this.#malformed
  }

  /** Drops both links and takes them up again, on the next server: the answer to `onLameDuck`. */
  async reconnect(): Promise<void> {
    if (this.#state.kind === 'open') await Promise.all(lanesOf(this.#state).map((lane) => lane.reconnect()))
  }

  async close(): Promise<void> {
    const state = this.#state
    this.#state = { kind: 'closed' }
    if (state.kind === 'open') await Promise.all(lanesOf(state).map((lane) => lane.close()))
  }

  get #isClosed(): boolean {
    return this.#state.kind === 'closed'
  }

  #openLane(lane: NatsLaneName, system: SystemId): Promise<NatsLane> {
    const { cluster, name = system, random = systemRandom } = this.#options
    const logger = this.#logger.with({ lane: lane === 'c' ? 'control' : 'data' })
    const options = { ...this.#options, cluster, lane, system, name, random, logger, clock: this.#clock }
    return NatsLane.open(options, {
      onMessage: (to, bytes) => this.#onMessage(lane, to, bytes),
      onUndeliverable: (parcel, why) => this.#receiver?.onUndeliverable(parcel, why),
      onLink: () => this.#onLink(),
      onLameDuck: (notice) => this.#options.onLameDuck?.(notice),
      onAlarm: (error) => this.#options.onAlarm?.(error),
      onServerWarning: (warning) => this.#onServerWarning(warning),
      onEnded: (error) => this.#onEnded(error),
    })
  }

  get #receiver(): TransportReceiver | undefined {
    return this.#state.kind === 'open' || this.#state.kind === 'opening' ? this.#state.receiver : undefined
  }

  #onMessage(lane: NatsLaneName, to: Address, bytes: Uint8Array): void {
    const parcel = lane === 'd' ? ({ kind: 'frame', to, body: bytes } as const) : this.#decoded(to, bytes)
    if (parcel !== undefined) this.#receiver?.onParcel(parcel)
  }

  #decoded(to: Address, bytes: Uint8Array): Parcel | undefined {
    try {
      return decodeParcel(to, bytes)
    } catch (error) {
      this.#malformed++
      this.#logger.warn(
        { to, bytes: bytes.length, malformed: this.#malformed, error },
        'a message that is no parcel came',
      )
      return undefined
    }
  }

  #onLink(): void {
    const state = this.#state
    if (state.kind !== 'open') return
    const link = lanesOf(state).every((lane) => lane.link === 'up') ? 'up' : 'down'
    if (link === this.#link) return
    this.#link = link
    state.receiver.onLink(link)
  }

  /** Both lanes say the same, mostly; and say it again after each reconnect. */
  #onServerWarning(warning: string): void {
    if (this.#warnings.has(warning)) return
    this.#warnings.add(warning)
    this.#logger.warn({}, warning)
  }

  #onEnded(error: RetakeError): void {
    if (this.#isClosed || this.#fatal !== undefined) return
    this.#fatal = error
    this.#onLink()
    this.#options.onFatal(error)
  }

  #small(parcel: Parcel, bytes: Uint8Array): Uint8Array {
    const maxBytes = this.#options.maxMessageBytes ?? LIMITS.frameBytesMax
    if (bytes.length <= maxBytes) return bytes
    throw new RetakeError('RT1507', {
      what: `the ${parcel.kind} to ${parcel.to} has ${bytes.length} bytes`,
      why: `a message over NATS may have ${maxBytes}`,
      fix: 'send less at once, or a reference to where the rest is kept',
      where: parcel.to,
    })
  }
}

type State =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'opening'; readonly receiver: TransportReceiver }
  | {
      readonly kind: 'open'
      readonly system: SystemId
      readonly receiver: TransportReceiver
      readonly control: NatsLane
      readonly data: NatsLane | undefined
    }
  | { readonly kind: 'closed' }

function lanesOf({ control, data }: Extract<State, { kind: 'open' }>): readonly NatsLane[] {
  return data === undefined ? [control] : [control, data]
}
