import { type NatsConnection as Client, headers, type Msg, type MsgHdrs, NatsError, type Status } from 'nats'
import { pause } from '../actor/transport/deadline.js'
import {
  dialNats,
  messageOf,
  type NatsClientOptions,
  natsFactsOf,
  reconnectDelayMs,
} from '../actor/transport/nats-client.js'
import { judgeNatsServer } from '../actor/transport/nats-requirements.js'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { LIMITS } from '../kit/limits.js'
import type { Logger } from '../kit/logger.js'

export interface JetStreamConnectionOptions extends NatsClientOptions {
  readonly logger: Logger
  /** It has ended for good, and not by `close`. */
  readonly onEnded?: (error: RetakeError) => void
}

/** Stored with every message: no answer of JetStream's has it, and none that was stored elsewhere has it so. */
const EXPECTED_STREAM = 'Nats-Expected-Stream'

/** What a stream must be, by the names of JetStream's own API. */
export interface StreamNeeds {
  readonly name: string
  /** What must be so, also in a stream that somebody else has made. The rest is its operator's to choose. */
  readonly config: Readonly<Record<string, unknown>>
  /** What we choose besides when we make it. */
  readonly whenMade?: Readonly<Record<string, unknown>>
}

/** A stream that is as it must be. */
export interface StreamFacts {
  readonly messages: number
  readonly bytes: number
  /** How many servers keep it, and whether there are others that could. */
  readonly replicas: number
  readonly isClustered: boolean
}

/** What the account has of JetStream's disk; undefined: it has no limit of its own, but that of its servers. */
export interface AccountFacts {
  readonly storageBytes: number
  readonly storageLimitBytes: number | undefined
}

export interface StoredMessage {
  readonly sequence: number
  readonly data: Uint8Array
  /** As what `store` was told to put there names its stream; else somebody has had an answer of JetStream sent there. */
  readonly isMeant: boolean
}

export interface RequestOptions {
  /** How long the answer is waited for; 5 s unless said. */
  readonly timeoutMs?: number
}

export interface StoreOptions extends RequestOptions {
  /** Store it only if the last message of its subject has this sequence; 0: if there is none. */
  readonly after?: number
  /** Take its place: all older messages of its subject go. */
  readonly replaces?: boolean
}

/** What JetStream is asked for is published below it. */
export const JETSTREAM_API = '$JS.API'
const TIMEOUT_MS = 5_000
/** What is only read comes at once, or not at all: while servers elect nobody answers, and it is asked for again. */
const READ = { timeoutMs: 2_000 }
/** A link found dead is normally torn down within this time; the client hangs when the socket still holds bytes. */
const TEAR_DOWN_MS = 1_000

/** No stream has a message of this number. */
const NEVER = Number.MAX_SAFE_INTEGER

const STREAM_NOT_FOUND = 10_059
const NO_MESSAGE = 10_037
const SEQUENCE_NOT_FOUND = 10_043
const DELETE_FAILED = 10_057
const WRONG_LAST_SEQUENCE = 10_071
const NOT_ENABLED = [10_039, 10_076]
/** The servers of a NATS cluster have not elected who answers, or cannot. */
const NO_LEADER = [10_008, 10_009]
const SUBJECTS_OVERLAP = 10_065
/** Of the account, of all servers, of the server that was asked; for memory too, should a stream be moved there. */
const STORAGE_IS_USED_UP = [10_002, 10_023, 10_047, 10_028]
const STORE_FAILED = 10_077

/** Of each verb what its stream cannot do. */
const TRIALS = {
  'STREAM.CREATE': { name: '~' },
  'STREAM.MSG.GET': { seq: NEVER },
  'DIRECT.GET': { seq: NEVER },
  'STREAM.MSG.DELETE': { seq: NEVER, no_erase: true },
  'STREAM.PURGE': { filter: '~' },
} as const

interface ApiError {
  readonly code: number
  readonly err_code?: number
  readonly description?: string
}

/**
 * A connection of its own to NATS, for what is kept: the only file that speaks JetStream's protocol. Requests only, so
 * that every answer is one message, every silence has an end, and what the client does by itself stays out of it.
 *
 * A request that got no answer may have been done, or may still be. While the link is down requests fail at once, for
 * the client would only feed them to a buffer that its next dial throws away.
 */
export class JetStreamConnection {
  readonly #options: JetStreamConnectionOptions
  /** Of requests that are under way: they hear of a broken link. */
  readonly #waiting = new Set<(error: RetakeError) => void>()
  #client: Client
  #link: 'up' | 'down' | 'closed' = 'up'

  /** Connects, and sees that there is JetStream. Throws RT1501 to RT1505, RT1518. */
  static async open(options: JetStreamConnectionOptions): Promise<JetStreamConnection> {
    const connection = new JetStreamConnection(await dialNats(options), options)
    try {
      // What it would warn of, the connection for messages does.
      judgeNatsServer(natsFactsOf(connection.#client), options.maxMessageBytes ?? LIMITS.frameBytesMax)
      await connection.#checkAccount()
      return connection
    } catch (error) {
      await connection.close()
      throw error
    }
  }

  private constructor(client: Client, options: JetStreamConnectionOptions) {
    this.#client = client
    this.#options = options
    this.#attend(client)
  }

  get serverUrl(): string {
    return natsFactsOf(this.#client).url
  }

  /**
   * Makes the stream, or checks the one that is there: several nodes may do so at once. On a cluster of servers it is
   * kept three times where there are so many. Throws RT1524.
   */
  async ensureStream({ name, config, whenMade }: StreamNeeds): Promise<void> {
    const existing = await this.#configOf(name)
    if (existing !== undefined) return this.#checkStream(name, config, existing)
    let refusal: unknown
    for (const num_replicas of this.#isClustered ? [3, 1] : [1]) {
      try {
        await this.#ask(`STREAM.CREATE.${name}`, { name, ...config, ...whenMade, num_replicas })
        return
      } catch (error) {
        refusal = error
      }
      // Another node was faster, or there are fewer than three servers.
      const made = await this.#configOf(name)
      if (made !== undefined) return this.#checkStream(name, config, made)
    }
    throw refusal
  }

  /** The stream as it is; undefined when there is none. Throws RT1524 when it is not as it must be. */
  async inspectStream({ name, config }: StreamNeeds): Promise<StreamFacts | undefined> {
    const answer = await this.#streamInfo(name)
    if (answer === undefined) return undefined
    const actual = answer['config'] as Record<string, unknown>
    this.#checkStream(name, config, actual)
    const { messages, bytes } = answer['state'] as { messages: number; bytes: number }
    return { messages, bytes, replicas: Number(actual['num_replicas'] ?? 1), isClustered: this.#isClustered }
  }

  async account(): Promise<AccountFacts> {
    const { storage, limits } = (await this.#ask('INFO', undefined)) as {
      storage?: number
      limits?: { max_storage?: number }
    }
    const limit = limits?.max_storage ?? -1
    return { storageBytes: storage ?? 0, storageLimitBytes: limit < 0 ? undefined : limit }
  }

  /**
   * Publishes to `subject` what cannot be stored, because it is to follow a message that is not there. Throws RT1503
   * when this user may not, RT1302 when something else than `stream` takes it; 'untaken': nothing does.
   */
  async tryStore(stream: string, subject: string): Promise<'taken' | 'untaken'> {
    try {
      const stored = await this.store(stream, subject, new Uint8Array(), { after: NEVER })
      assert(stored === 'refused', 'nothing follows a message that is not there', { stream, subject, stored })
      return 'taken'
    } catch (error) {
      if (isNoResponder(error)) return 'untaken'
      throw error
    }
  }

  /** Asks for what cannot be done, so that only a missing permission (RT1503) or silence (RT1501) is an error. */
  async tryApi(verb: keyof typeof TRIALS, stream: string): Promise<void> {
    const query = bytesOf({ ...TRIALS[verb] })
    await this.#request(`${JETSTREAM_API}.${verb}.${stream}`, query).catch((error) => {
      if (!isNoResponder(error)) throw error
    })
  }

  /** The sequence that `data` was stored under, or 'refused' when `after` does not hold. */
  async store(
    stream: string,
    subject: string,
    data: Uint8Array,
    { after, replaces, ...patience }: StoreOptions = {},
  ): Promise<number | 'refused'> {
    const fields = headers()
    // Were the stream deleted, another that takes such subjects must not take this.
    fields.set(EXPECTED_STREAM, stream)
    if (after !== undefined) fields.set('Nats-Expected-Last-Subject-Sequence', String(after))
    if (replaces) fields.set('Nats-Rollup', 'sub')
    const answer = jsonOf(await this.#request(subject, data, { fields, ...patience }))
    const error = errorIn(answer)
    if (error?.err_code === WRONG_LAST_SEQUENCE) return 'refused'
    if (error !== undefined) throw this.#refused(`store a message in ${stream}`, error)
    return Number(answer['seq'])
  }

  /** The newest message of `subject`, by the leader of the stream: a replica could be behind. */
  last(stream: string, subject: string, patience?: RequestOptions): Promise<StoredMessage | undefined> {
    return this.#message(stream, { last_by_subj: subject }, patience)
  }

  /** The first message of `subject` with this sequence or a higher one, by the leader. */
  next(stream: string, subject: string, sequence: number): Promise<StoredMessage | undefined> {
    return this.#message(stream, { seq: sequence, next_by_subj: subject })
  }

  /**
   * The same from any replica, and without a detour over text: for what never changes. Undefined also when that replica
   * is behind, or the stream does not allow it.
   */
  async nextOnReplica(stream: string, subject: string, sequence: number): Promise<StoredMessage | undefined> {
    const query = bytesOf({ seq: sequence, next_by_subj: subject })
    const answer = await this.#request(`${JETSTREAM_API}.DIRECT.GET.${stream}`, query, READ).catch(
      (error) => {
        if (isNoResponder(error)) return undefined
        throw error
      },
    )
    const found = Number(answer?.headers?.get('Nats-Sequence') || Number.NaN)
    if (answer === undefined || Number.isNaN(found)) return undefined
    const isMeant = answer.headers?.get(EXPECTED_STREAM) === stream
    return { sequence: found, data: answer.data, isMeant }
  }

  /** Every subject that has a message, of those that `filter` names. */
  async subjects(stream: string, filter: string): Promise<readonly string[]> {
    const found = new Set<string>()
    for (let offset = 0; ; ) {
      const query = { subjects_filter: filter, offset }
      const { state, total } = await this.#ask(`STREAM.INFO.${stream}`, query, READ)
      const page = Object.keys((state as { subjects?: Record<string, number> }).subjects ?? {})
      for (const subject of page) found.add(subject)
      offset += page.length
      if (page.length === 0 || offset >= Number(total ?? 0)) return [...found]
    }
  }

  /** Removes one message, if it is there. */
  async delete(stream: string, sequence: number): Promise<void> {
    // Without filling its place on the disk with noise first.
    const answer = await this.#answer(`STREAM.MSG.DELETE.${stream}`, { seq: sequence, no_erase: true })
    const error = errorIn(answer)
    const isGone =
      error?.err_code === SEQUENCE_NOT_FOUND ||
      (error?.err_code === DELETE_FAILED && /no message found|EOF/.test(error.description ?? ''))
    if (error === undefined || isGone) return
    throw this.#refused(`delete a message of ${stream}`, error)
  }

  /** Removes every message of the subjects that `filter` names. */
  async purge(stream: string, filter: string): Promise<void> {
    await this.#ask(`STREAM.PURGE.${stream}`, { filter })
  }

  /** Removes a stream with all that it holds, if it is there. */
  async removeStream(stream: string): Promise<void> {
    const error = errorIn(await this.#answer(`STREAM.DELETE.${stream}`, undefined))
    if (error === undefined || error.err_code === STREAM_NOT_FOUND) return
    throw this.#refused(`remove the stream ${stream}`, error)
  }

  async close(): Promise<void> {
    this.#link = 'closed'
    this.#lose()
    await this.#client.close().catch(() => {})
  }

  get #isClustered(): boolean {
    return this.#client.info?.cluster !== undefined
  }

  async #checkAccount(): Promise<void> {
    try {
      await this.#ask('INFO', undefined)
    } catch (error) {
      throw isNoResponder(error) ? this.#noJetStream('nobody answers there') : error
    }
  }

  async #configOf(stream: string): Promise<Record<string, unknown> | undefined> {
    return (await this.#streamInfo(stream))?.['config'] as Record<string, unknown> | undefined
  }

  async #streamInfo(stream: string): Promise<Record<string, unknown> | undefined> {
    const answer = await this.#answer(`STREAM.INFO.${stream}`, undefined)
    const error = errorIn(answer)
    if (error?.err_code === STREAM_NOT_FOUND) return undefined
    if (error !== undefined) throw this.#refused(`look at the stream ${stream}`, error)
    return answer
  }

  #checkStream(
    name: string,
    needed: Readonly<Record<string, unknown>>,
    actual: Readonly<Record<string, unknown>>,
  ): void {
    const differences = Object.entries(needed).flatMap(([field, wanted]) => {
      const [is, must] = [JSON.stringify(actual[field]), JSON.stringify(wanted)]
      return is === must ? [] : [`${field} is ${is ?? 'not set'} and must be ${must}`]
    })
    if (differences.length === 0) return
    throw new RetakeError('RT1524', {
      what: `the stream ${name} at ${this.serverUrl} is not as the cluster needs it`,
      why: differences.join('; '),
      fix: `change it there (nats stream edit ${name}), or give the cluster another name`,
      where: this.serverUrl,
    })
  }

  async #message(
    stream: string,
    query: object,
    patience: RequestOptions = READ,
  ): Promise<StoredMessage | undefined> {
    const answer = await this.#answer(`STREAM.MSG.GET.${stream}`, query, patience)
    const error = errorIn(answer)
    if (error?.err_code === NO_MESSAGE) return undefined
    if (error !== undefined) throw this.#refused(`read a message of ${stream}`, error)
    const { seq, data, hdrs } = answer['message'] as { seq: number; data?: string; hdrs?: string }
    const isMeant = isMeantFor(stream, Buffer.from(hdrs ?? '', 'base64').toString())
    return { sequence: seq, data: Buffer.from(data ?? '', 'base64'), isMeant }
  }

  async #ask(
    verb: string,
    query: object | undefined,
    patience?: RequestOptions,
  ): Promise<Record<string, unknown>> {
    const answer = await this.#answer(verb, query, patience)
    const error = errorIn(answer)
    if (error !== undefined) throw this.#refused(`do ${verb}`, error)
    return answer
  }

  async #answer(
    verb: string,
    query: object | undefined,
    patience?: RequestOptions,
  ): Promise<Record<string, unknown>> {
    const data = query === undefined ? new Uint8Array() : bytesOf(query)
    return jsonOf(await this.#request(`${JETSTREAM_API}.${verb}`, data, patience))
  }

  #request(
    subject: string,
    data: Uint8Array,
    { fields, timeoutMs = TIMEOUT_MS }: RequestOptions & { readonly fields?: MsgHdrs } = {},
  ): Promise<Msg> {
    if (this.#link !== 'up') return Promise.reject(this.#isDown())
    const options = { timeout: timeoutMs, ...(fields !== undefined && { headers: fields }) }
    return new Promise<Msg>((resolve, reject) => {
      this.#waiting.add(reject)
      this.#client
        .request(subject, data, options)
        .finally(() => this.#waiting.delete(reject))
        .then(resolve, (error: unknown) => reject(this.#unanswered(subject, timeoutMs, error)))
    })
  }

  /** Watches over `client` until it ends or is replaced. */
  #attend(client: Client): void {
    const follow = async () => {
      for await (const status of client.status()) {
        if (client !== this.#client || this.#link === 'closed') return
        this.#onStatus(client, status)
      }
    }
    follow().catch((error: unknown) => this.#end(client, error))
    client.closed().then((error) => this.#end(client, error ?? undefined))
  }

  #onStatus(client: Client, status: Status): void {
    const { logger, clock } = this.#options
    switch (status.type) {
      case 'disconnect':
        this.#goDown()
        break
      case 'reconnect':
        this.#comeUp()
        break
      case 'staleConnection':
        this.#goDown()
        clock.after(TEAR_DOWN_MS, () => void this.#replaceIfStuck(client))
        break
      case 'error':
        if (status.permissionContext === undefined)
          logger.warn({ server: this.serverUrl, error: status.data }, 'the nats-server reports an error')
        break // who asked is told of a missing permission
      default: // progress of the client's own work
    }
  }

  #goDown(): void {
    if (this.#link !== 'up') return
    this.#link = 'down'
    this.#options.logger.warn({ server: this.serverUrl }, 'the link to JetStream is down')
    this.#lose()
  }

  #comeUp(): void {
    if (this.#link !== 'down') return
    this.#link = 'up'
    this.#options.logger.info({ server: this.serverUrl }, 'the link to JetStream is up')
  }

  #lose(): void {
    for (const reject of this.#waiting) reject(this.#isDown())
    this.#waiting.clear()
  }

  /** As in `NatsConnection`: a link to a peer that is gone may hang for a quarter of an hour while bytes are under way. */
  async #replaceIfStuck(stuck: Client): Promise<void> {
    const { clock, random } = this.#options
    const isStill = () => stuck === this.#client && this.#link === 'down'
    while (isStill()) {
      const fresh = await dialNats(this.#options).catch(() => undefined)
      if (fresh === undefined) {
        await pause(clock, reconnectDelayMs(random))
      } else if (!isStill()) {
        return void fresh.close()
      } else {
        this.#client = fresh
        this.#attend(fresh)
        void stuck.close().catch(() => {})
        this.#comeUp()
      }
    }
  }

  #end(client: Client, cause: unknown): void {
    if (client !== this.#client || this.#link === 'closed') return
    this.#link = 'closed'
    const why = cause === undefined ? 'the client closed it' : messageOf(cause)
    this.#options.logger.error({ server: this.serverUrl, why }, 'the link to JetStream ended for good')
    this.#lose()
    this.#options.onEnded?.(this.#isDown())
  }

  #isDown(): RetakeError {
    if (this.#link === 'closed') {
      return new RetakeError('RT1506', {
        what: `the connection ${this.#options.name} to NATS at ${this.serverUrl} ended for good`,
        why: 'it was closed here, or the server refused to take it up again',
        fix: 'start this process again; if it was refused, check its credentials',
        where: this.serverUrl,
      })
    }
    return new RetakeError('RT1501', {
      what: `NATS at ${this.serverUrl} cannot be reached`,
      why: 'the link to it broke, and is not back yet',
      fix: 'look at the server and the network between; the link comes back by itself',
      where: this.serverUrl,
    })
  }

  /** What the client says when a request has no answer. */
  #unanswered(subject: string, timeoutMs: number, error: unknown): RetakeError {
    const where = this.serverUrl
    const code = error instanceof NatsError ? error.code : ''
    const refused = error instanceof NatsError ? error.permissionContext : undefined
    if (refused !== undefined) {
      const verb = refused.operation === 'publish' ? 'publish' : 'subscribe'
      return new RetakeError('RT1503', {
        what: `the NATS user may not ${verb} to "${refused.subject}"`,
        why: 'what is kept is read and written there',
        fix: `allow ${verb} there to the user of this role (retake generate nats-conf writes what each needs), or come as the user of another role`,
        where,
        cause: error,
      })
    }
    if (code === '503') {
      return new RetakeError('RT1302', {
        what: `nobody takes "${subject}" at ${where}`,
        why: 'JetStream is not ready there, or the stream of this subject was deleted',
        fix: 'see that the servers of the stream run (nats stream report)',
        where,
        cause: error,
      })
    }
    return new RetakeError('RT1501', {
      what: `JetStream at ${where} did not answer within ${timeoutMs} ms`,
      why: `${messageOf(error)} (${subject})`,
      fix: 'look at the server, its disk, and the network between',
      where,
      cause: error,
    })
  }

  /** What JetStream itself answered. */
  #refused(doing: string, error: ApiError): RetakeError {
    const where = this.serverUrl
    const why = error.description ?? `code ${error.code}`
    const code = error.err_code ?? 0
    if (NOT_ENABLED.includes(code)) return this.#noJetStream(why)
    if (NO_LEADER.includes(code)) {
      return new RetakeError('RT1501', {
        what: `JetStream at ${where} has no leader`,
        why: `its servers have not elected one yet, or too few of them run (${why})`,
        fix: 'wait a moment; if it stays, start the other servers of that NATS cluster',
        where,
      })
    }
    const isFull =
      STORAGE_IS_USED_UP.includes(code) || (code === STORE_FAILED && /maximum bytes|no space/i.test(why))
    if (isFull) {
      return new RetakeError('RT1301', {
        what: `JetStream at ${where} has no space left to ${doing}`,
        why,
        fix: 'raise its limit or make room, or retain fewer checkpoints; the last complete checkpoint is untouched',
        where,
      })
    }
    if (code === SUBJECTS_OVERLAP) {
      return new RetakeError('RT1524', {
        what: `JetStream at ${where} cannot ${doing}`,
        why: 'another stream there takes the same subjects',
        fix: 'remove them from that stream (nats stream find), or give the cluster another name',
        where,
      })
    }
    return new RetakeError('RT1302', {
      what: `JetStream at ${where} refused to ${doing}`,
      why,
      fix: 'look at the log of the server, and at the stream (nats stream info)',
      where,
    })
  }

  #noJetStream(why: string): RetakeError {
    return new RetakeError('RT1518', {
      what: `NATS at ${this.serverUrl} keeps nothing for us`,
      why: `JetStream is not enabled for this account (${why})`,
      fix: 'start nats-server with -js, or enable JetStream for the account; or give the nodes a directory that they share',
      where: this.serverUrl,
    })
  }
}

/** Whether what was asked for may have been done, or may still be. */
export function isUnanswered(error: unknown): boolean {
  return !(error instanceof RetakeError) || error.code === 'RT1501' || error.code === 'RT1506'
}

function isNoResponder(error: unknown): boolean {
  return error instanceof RetakeError && error.cause instanceof NatsError && error.cause.code === '503'
}

/** @param fields as they stand in a message */
function isMeantFor(stream: string, fields: string): boolean {
  return fields.split('\r\n').includes(`${EXPECTED_STREAM}: ${stream}`)
}

function bytesOf(query: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(query))
}

function jsonOf(message: Msg): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(message.data)) as Record<string, unknown>
}

function errorIn(answer: Readonly<Record<string, unknown>>): ApiError | undefined {
  return answer['error'] as ApiError | undefined
}
