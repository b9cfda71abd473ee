import type { NatsConnection as Client, Msg, NatsError, Status, Subscription } from 'nats'
import { assert } from '../../kit/assert.js'
import { RetakeError } from '../../kit/errors.js'
import { LIMITS } from '../../kit/limits.js'
import type { Logger } from '../../kit/logger.js'
import { pause, within } from './deadline.js'
import {
  dialNats,
  messageOf,
  type NatsClientOptions,
  natsFactsOf,
  reconnectDelayMs,
  redacted,
  translated,
} from './nats-client.js'
import { judgeNatsServer } from './nats-requirements.js'
import { OutboundWindow } from './outbound-window.js'

export interface NatsConnectionOptions extends NatsClientOptions {
  readonly logger: Logger
}

/** What a connection tells its owner. None of these may be called from within `publish`. */
export interface NatsConnectionOwner {
  /** Down: what was under way may be lost. Up again: subscriptions are back, a new generation has begun. */
  onLink(state: 'up' | 'down'): void
  /** Nobody subscribes to what was published under this number. */
  onNoResponder(number: number): void
  /** The server has seen all up to this number; no notice about them can come any more. */
  onSeen(number: number): void
  /** The window is open again. */
  onDrain(): void
  /** The server asks us to leave; `reconnect` at a moment that suits, else it cuts us off within minutes. */
  onLameDuck(notice: RetakeError): void
  onPermissionMissing(error: RetakeError, subject: string): void
  /** The server we are on now can be used, but should not. */
  onServerWarning(warning: string): void
  /** Ended for good, and not by `close`. Fatal. */
  onEnded(error: RetakeError): void
}

/** A message; `data` is its receiver's own, no view into a chunk of the socket. */
export type NatsHandler = (data: Uint8Array, subject: string) => void

/** `dead`: known to be gone, but the client still holds on to it. */
type LinkState = 'starting' | 'up' | 'dead' | 'down' | 'closed'

/** Numbers of messages, 1, 2, 3 … over all generations. */
export type Published = number | 'link-down'

/** A link found dead is normally torn down within this time; the client hangs when the socket still holds bytes. */
const TEAR_DOWN_MS = 1_000

/**
 * One connection to NATS: the only file that uses the NATS client for messages, because of what that client and NATS
 * do without a word (`docs/nats.md` lists the nine rules that are kept here, and the test of each).
 *
 * - A handler that throws is reported, and the next message comes as if nothing had happened.
 * - A handler owns its bytes.
 * - A publish is either written to a living link or answered with 'link-down'; nothing is kept for later.
 * - At most two marks of bytes are unanswered; who goes on although `isWritable` is false, fills memory.
 * - The link comes back by itself, for ever, on the same server or another, and is only called up when it has been
 *   heard from both sides and its server has been judged again. A link that is dead but cannot be torn down is replaced.
 */
export class NatsConnection {
  readonly #options: NatsConnectionOptions
  readonly #owner: NatsConnectionOwner
  readonly #window = new OutboundWindow(LIMITS.natsMarkBytes)
  readonly #subscriptions = new Map<string, Subscribed>()
  #client: Client
  #state: LinkState = 'starting'
  #generation = 0
  #published = 0
  #refused = 0
  #handlerErrors = 0
  #isMarkPlanned = false

  /** Connects and judges the server. Throws RT1501, RT1502, RT1504, RT1505 or RT1526. */
  static async open(options: NatsConnectionOptions, owner: NatsConnectionOwner): Promise<NatsConnection> {
    const client = await dialNats(options)
    const connection = new NatsConnection(client, options, owner)
    try {
      connection.#judge(client)
      connection.#attend(client)
      connection.subscribe(`${options.inbox}.*`, () => {})
      await connection.flush(options.connectMs)
      connection.#come()
      return connection
    } catch (error) {
      await connection.close()
      throw error instanceof RetakeError ? error : translated(error, options)
    }
  }

  private constructor(client: Client, options: NatsConnectionOptions, owner: NatsConnectionOwner) {
    this.#client = client
    this.#options = options
    this.#owner = owner
  }

  get link(): 'up' | 'down' {
    return this.#state === 'up' ? 'up' : 'down'
  }

  /** Counts the times the link came up. */
  get generation(): number {
    return this.#generation
  }

  get isWritable(): boolean {
    return this.#window.isOpen
  }

  /** Publishes that were answered with 'link-down', and handlers that threw. */
  get counts(): { readonly published: number; readonly refused: number; readonly handlerErrors: number } {
    return { published: this.#published, refused: this.#refused, handlerErrors: this.#handlerErrors }
  }

  get serverUrl(): string {
    return redacted(this.#client.getServer())
  }

  /** Takes `data` for good. */
  publish(subject: string, data: Uint8Array): Published {
    if (this.#state !== 'up' || this.#client.isClosed()) {
      this.#refused++
      return 'link-down'
    }
    const number = ++this.#published
    this.#client.publish(subject, data, { reply: `${this.#options.inbox}.${number.toString(36)}` })
    this.#window.onPublished(number, data.length + subject.length)
    this.#markIfDue()
    return number
  }

  /** Handles what comes on `subject` (which may end in a wildcard), over all generations, until `unsubscribe`. */
  subscribe(subject: string, handler: NatsHandler): void {
    assert(!this.#subscriptions.has(subject), 'a subject is subscribed to once', { subject })
    this.#subscriptions.set(subject, { handler, live: this.#listen(subject, handler) })
  }

  unsubscribe(subject: string): void {
    const known = this.#subscriptions.get(subject)
    this.#subscriptions.delete(subject)
    if (known !== undefined && !this.#client.isClosed()) known.live.unsubscribe()
  }

  /** Resolves when the server has taken in all that was said before. Rejects when it cannot, or takes too long. */
  flush(timeoutMs = 5_000): Promise<void> {
    return within(this.#options.clock, timeoutMs, this.#client.flush(), () => this.#silence(timeoutMs))
  }

  /** Drops the link and takes it up again, on the next server if there are several. */
  async reconnect(): Promise<void> {
    if (this.#state !== 'up') return
    this.#goDead(this.#client)
    await this.#client.reconnect()
  }

  /** What was published before is written; the owner hears nothing more. */
  async close(): Promise<void> {
    this.#state = 'closed'
    await this.#client.close().catch(() => {})
  }

  #listen(subject: string, handler: NatsHandler): Subscription {
    // The client runs this inside its parser: what escapes from here ends its reading for good, without a word. It also
    // calls it with an error and no message, which the status events tell as well.
    const callback = (error: NatsError | null, message: Msg) => {
      if (error !== null || this.#state === 'closed') return
      try {
        if (isNoResponder(message)) this.#onNoResponder(message.subject)
        else handler(new Uint8Array(message.data), message.subject)
      } catch (thrown) {
        this.#handlerErrors++
        this.#options.logger.error({ subject, error: thrown }, 'a handler of NATS messages threw')
      }
    }
    return this.#client.subscribe(subject, { callback })
  }

  #onNoResponder(subject: string): void {
    const number = Number.parseInt(subject.slice(this.#options.inbox.length + 1), 36)
    if (Number.isSafeInteger(number)) this.#owner.onNoResponder(number)
  }

  #markIfDue(): void {
    const due = this.#window.due
    if (due === 'now') this.#mark()
    else if (due === 'soon' && !this.#isMarkPlanned) {
      this.#isMarkPlanned = true
      this.#options.clock.after(LIMITS.natsMarkMs, () => {
        this.#isMarkPlanned = false
        if (this.#state === 'up' && this.#window.due !== 'no') this.#mark()
      })
    }
  }

  #mark(): void {
    const generation = this.#generation
    this.#window.onMarkPlaced()
    this.#client.flush().then(
      () => {
        if (this.#state === 'up' && generation === this.#generation) this.#onMarkAnswered()
      },
      () => {}, // the link went down, which is told as such
    )
  }

  #onMarkAnswered(): void {
    const wasWritable = this.isWritable
    const number = this.#window.onMarkAnswered()
    this.#tell(() => this.#owner.onSeen(number))
    if (!wasWritable && this.isWritable) this.#tell(() => this.#owner.onDrain())
    this.#markIfDue()
  }

  /** Watches over `client` until it ends or is replaced. */
  #attend(client: Client): void {
    const follow = async () => {
      for await (const status of client.status()) {
        if (client !== this.#client || this.#state === 'closed') return
        this.#onStatus(client, status)
      }
    }
    follow().catch((error: unknown) => this.#end(client, error))
    client.closed().then((error) => this.#end(client, error ?? undefined))
  }

  #onStatus(client: Client, status: Status): void {
    switch (status.type) {
      case 'disconnect':
        this.#go('down')
        break
      case 'reconnect':
        void this.#comeBack(client)
        break
      case 'staleConnection':
        this.#goDead(client)
        break
      case 'ldm':
        this.#onLameDuck()
        break
      case 'error':
        if (status.permissionContext !== undefined) this.#onPermissionMissing(status.permissionContext)
        else
          this.#options.logger.warn(
            { server: this.serverUrl, error: status.data },
            'the nats-server reports an error',
          )
        break
      default: // progress of the client's own work
    }
  }

  #goDead(client: Client): void {
    this.#go('dead')
    this.#options.clock.after(TEAR_DOWN_MS, () => void this.#replaceIfStuck(client))
  }

  /** The link is gone. */
  #go(state: 'dead' | 'down'): void {
    if (this.#state === 'starting' || this.#state === 'closed') return
    const wasUp = this.#state === 'up'
    this.#state = state
    if (!wasUp) return
    this.#window.onLinkDown()
    this.#options.logger.warn({ generation: this.#generation }, 'the link to NATS is down')
    this.#tell(() => this.#owner.onLink('down'))
  }

  /** The link is there, heard from both sides. */
  #come(): void {
    const isFirst = this.#state === 'starting'
    this.#state = 'up'
    this.#generation++
    if (isFirst) return
    this.#options.logger.info(
      { generation: this.#generation, server: this.serverUrl },
      'the link to NATS is up',
    )
    this.#tell(() => this.#owner.onLink('up'))
  }

  async #comeBack(client: Client): Promise<void> {
    const isStill = () => client === this.#client && this.#state === 'down'
    try {
      this.#judge(client)
      this.#renewSubscriptions()
      await client.flush()
    } catch (error) {
      if (error instanceof RetakeError && isStill()) this.#end(client, error)
      return // else it went down again, and will be back
    }
    if (isStill()) this.#come()
  }

  /** What the server has refused, the client forgets; and a new client knows nothing. */
  #renewSubscriptions(): void {
    for (const [subject, { handler, live }] of this.#subscriptions) {
      if (live.isClosed()) this.#subscriptions.set(subject, { handler, live: this.#listen(subject, handler) })
    }
  }

  /**
   * The client tears a dead link down only once the socket has taken all its bytes, which a peer that is gone never
   * does: the kernel would end it, a quarter of an hour later. So another client takes its place.
   */
  async #replaceIfStuck(stuck: Client): Promise<void> {
    if (stuck !== this.#client || this.#state !== 'dead') return
    this.#state = 'down'
    const isStill = () => stuck === this.#client && this.#state === 'down'
    while (isStill()) {
      const fresh = await dialNats(this.#options).catch(() => undefined)
      if (fresh === undefined) await pause(this.#options.clock, reconnectDelayMs(this.#options.random))
      else if (isStill()) return this.#replace(stuck, fresh)
      else return void fresh.close()
    }
  }

  #replace(stuck: Client, fresh: Client): Promise<void> {
    this.#client = fresh
    this.#attend(fresh)
    void stuck.close().catch(() => {})
    return this.#comeBack(fresh)
  }

  #judge(client: Client): void {
    const warning = judgeNatsServer(
      natsFactsOf(client),
      this.#options.maxMessageBytes ?? LIMITS.frameBytesMax,
    )
    if (warning !== undefined) this.#tell(() => this.#owner.onServerWarning(warning))
  }

  #onLameDuck(): void {
    const notice = new RetakeError('RT1525', {
      what: `the nats-server at ${this.serverUrl} asks its clients to leave`,
      why: 'it is in lame duck mode: it cuts one connection after the other, and ends',
      fix: 'nothing where its cluster has other servers: this node goes to one of them, and its jobs to their newest checkpoints; else start it again',
      where: this.serverUrl,
    })
    this.#options.logger.warn({ server: this.serverUrl }, 'the nats-server asks its clients to leave')
    this.#tell(() => this.#owner.onLameDuck(notice))
  }

  #onPermissionMissing({ operation, subject }: { operation: string; subject: string }): void {
    const verb = operation === 'publish' ? 'publish to' : 'subscribe to'
    const error = new RetakeError('RT1503', {
      what: `the NATS user may not ${verb} "${subject}"`,
      why: 'NATS drops such messages without telling their sender',
      fix: `allow ${operation === 'publish' ? 'publish' : 'subscribe'} there to the user of this role (retake generate nats-conf writes what each needs), or come as the user of another role`,
      where: this.serverUrl,
    })
    this.#options.logger.error({ operation, subject }, error.message)
    this.#tell(() => this.#owner.onPermissionMissing(error, subject))
  }

  #end(client: Client, cause: unknown): void {
    if (client !== this.#client || this.#state === 'closed') return
    this.#state = 'closed'
    void client.close().catch(() => {})
    const error =
      cause instanceof RetakeError
        ? cause
        : new RetakeError('RT1506', {
            what: `the connection ${this.#options.name} to NATS at ${this.serverUrl} ended for good`,
            why: cause === undefined ? 'the client closed it' : messageOf(cause),
            fix: 'start this process again; if it was refused, check its credentials',
            where: this.serverUrl,
            cause,
          })
    this.#tell(() => this.#owner.onEnded(error))
  }

  #silence(timeoutMs: number): RetakeError {
    return new RetakeError('RT1501', {
      what: `NATS at ${this.serverUrl} did not answer within ${timeoutMs} ms`,
      why: 'the server, or the way to it, is overloaded or frozen',
      fix: 'look at the server and the network between',
      where: this.serverUrl,
    })
  }

  /** The owner's fault must not end the loop that watches the link. */
  #tell(event: () => void): void {
    try {
      event()
    } catch (error) {
      this.#options.logger.error({ error }, 'the owner of a NATS connection threw')
    }
  }
}

interface Subscribed {
  readonly handler: NatsHandler
  readonly live: Subscription
}

function isNoResponder(message: Msg): boolean {
  return message.headers?.code === 503 && message.data.length === 0
}
