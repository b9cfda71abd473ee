import {
  type NatsConnection as Client,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  NatsError,
  nkeyAuthenticator,
  nkeys,
} from 'nats'
import type { Clock } from '../../kit/clock.js'
import { RetakeError } from '../../kit/errors.js'
import type { Random } from '../../kit/random.js'
import { natsGreeting } from './nats-greeting.js'
import { certificateWanted, loginFault, refusedLogin, tlsFault } from './nats-login.js'
import type { NatsServerFacts } from './nats-requirements.js'

/** Where NATS is and who we are to it. */
export interface NatsOptions {
  /**
   * `nats://host:port`, one or more of one NATS cluster. What stands before an `@` there, `user:password` or a token, is
   * our login unless one is given below; the first address that has one counts for all.
   */
  readonly servers: readonly string[]
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** Seed of an nkey (`SU…`). */
  readonly nkeySeed?: string
  /** What stands in a `.creds` file. */
  readonly credentials?: string
  /** Files by path, or their contents. */
  readonly tls?: NatsTls
  /** No larger message is sent; the server must take it and 4 KB more. Default: a frame. */
  readonly maxMessageBytes?: number
  /** For one server to answer, when connecting. Default 5 000. */
  readonly connectMs?: number
  /** A server is asked this often whether it is there, and given up after three times. Default 5 000. */
  readonly pingMs?: number
}

export interface NatsTls {
  readonly caFile?: string
  readonly ca?: string
  readonly certFile?: string
  readonly cert?: string
  readonly keyFile?: string
  readonly key?: string
  /** TLS before the server's greeting. */
  readonly handshakeFirst?: boolean
}

export interface NatsClientOptions extends NatsOptions {
  /** Role, node, incarnation, purpose: how operators find it in the server's list of connections. */
  readonly name: string
  /** Of this connection alone: what is meant for it comes below `<inbox>.`. */
  readonly inbox: string
  readonly clock: Clock
  readonly random: Random
}

/** A new nkey of a user: what its holder keeps secret (`SU…`), and what the server's configuration names (`U…`). */
export function newNkey(): { readonly seed: string; readonly publicKey: string } {
  const key = nkeys.createUser()
  return { seed: new TextDecoder().decode(key.getSeed()), publicKey: key.getPublicKey() }
}

const RECONNECT_MS = 250
/** A server that is not frozen greets at once. */
const GREETING_MS = 1_000

/** One connection of the NATS client, that comes back for ever. Throws RT1501, RT1502 or RT1526. */
export async function dialNats(options: NatsClientOptions): Promise<Client> {
  const fault = loginFault(options, options.clock.wallTime())
  if (fault !== undefined) throw fault
  try {
    return await connect(clientOptions(options))
  } catch (error) {
    throw (await silenceExplained(error, options)) ?? translated(error, options)
  }
}

/**
 * A server that wants to see a certificate ends the handshake, which the client takes for silence. What a server greets
 * with, before there is any TLS, tells.
 */
async function silenceExplained(error: unknown, options: NatsOptions): Promise<RetakeError | undefined> {
  const isSilence = error === undefined || (error instanceof NatsError && error.code === 'TIMEOUT')
  if (!isSilence && !/^(ECONNRESET|EPIPE)$|ALERT/.test(String((error as { code?: unknown }).code)))
    return undefined
  for (const server of options.servers) {
    const greeting = await natsGreeting(redacted(server), GREETING_MS)
    if (greeting?.['tls_verify'] !== true) continue
    const { certFile, cert } = options.tls ?? {}
    return certificateWanted(certFile !== undefined || cert !== undefined, redacted(server), error)
  }
  return undefined
}

function clientOptions(options: NatsClientOptions): ConnectionOptions {
  const { nkeySeed, credentials, tls, random } = options
  const encoder = new TextEncoder()
  const authenticator = [
    ...(nkeySeed === undefined ? [] : [nkeyAuthenticator(encoder.encode(nkeySeed))]),
    ...(credentials === undefined ? [] : [credsAuthenticator(encoder.encode(credentials))]),
  ]
  return {
    servers: options.servers.map(redacted),
    name: options.name,
    inboxPrefix: options.inbox,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => reconnectDelayMs(random),
    pingInterval: options.pingMs ?? 5_000,
    maxPingOut: 2,
    timeout: options.connectMs ?? 5_000,
    noAsyncTraces: true,
    ...loginOf(options),
    ...(authenticator.length === 0 ? {} : { authenticator }),
    ...(tls === undefined ? {} : { tls }),
  }
}

type Login = Pick<ConnectionOptions, 'user' | 'pass' | 'token'>

function loginOf(options: NatsOptions): Login {
  const { user, password, token, nkeySeed, credentials } = options
  if (user !== undefined || password !== undefined || token !== undefined) {
    return {
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { pass: password }),
      ...(token === undefined ? {} : { token }),
    }
  }
  if (nkeySeed !== undefined || credentials !== undefined) return {}
  return options.servers.map(loginIn).find((login) => login !== undefined) ?? {}
}

const ADDRESS = /^([a-z+]+:\/\/)?(?:(.*)@)?([^@]*)$/is

/** The client itself drops the login of an address, and takes digits in it for the port. */
function loginIn(address: string): Login | undefined {
  const [, , login] = ADDRESS.exec(address) ?? []
  if (login === undefined) return undefined
  const [user = '', ...password] = login.split(':')
  if (password.length === 0) return { token: decoded(user) }
  return { user: decoded(user), pass: decoded(password.join(':')) }
}

/** Characters that an address cannot hold are written `%40` there. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Spread over as much again, so that a cluster of nodes does not come back in one instant. */
export function reconnectDelayMs(random: Random): number {
  return RECONNECT_MS * (1 + random.next())
}

export function natsFactsOf(client: Client): NatsServerFacts {
  const info = client.info
  return {
    version: info?.version ?? '0.0.0',
    maxPayloadBytes: info?.max_payload ?? 0,
    headers: info?.headers === true,
    url: redacted(client.getServer()),
  }
}

const REFUSALS = /AUTHORIZATION|AUTHENTICATION|BAD_CREDS|ACCOUNT_EXPIRED/

/** What the client throws when it connects. */
export function translated(error: unknown, options: NatsOptions): RetakeError {
  const where = options.servers.map(redacted).join(', ')
  const code = error instanceof NatsError ? error.code : ''
  if (REFUSALS.test(code))
    return refusedLogin({ ...options, ...loginOf(options) }, where, messageOf(error), error)
  const inner = error instanceof NatsError ? (error.chainedError ?? error) : error
  return (
    tlsFault(inner, where, error) ??
    new RetakeError('RT1501', {
      what: `NATS at ${where} cannot be reached`,
      why: messageOf(error),
      fix: 'start nats-server there, or correct the address; with TLS, check the certificates too',
      where,
      cause: error,
    })
  )
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Without the login that an address may hold. */
export function redacted(address: string): string {
  return address.replace(ADDRESS, (_, scheme = '', _login, host) => scheme + host)
}
