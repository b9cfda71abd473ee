import { accessSync, constants, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { NatsOptions, NatsTls } from '../actor/transport/nats-client.js'
import { isToken } from '../kit/ids.js'
import type { Invocation } from './invocation.js'
import { UsageError } from './usage-error.js'

/** Which cluster, and how it is reached. */
export interface ClusterAddress {
  readonly cluster: string
  readonly nats: NatsOptions
  /** For people: without passwords. */
  readonly shown: string
}

type Identity = Pick<NatsOptions, 'user' | 'password' | 'token' | 'nkeySeed' | 'credentials'>

/** One way to say who we are, and where it was said. */
interface Told {
  readonly origin: string
  readonly identity: Identity
}

/** Of the options and variables that every command of a cluster takes. Throws a UsageError that names the wrong one. */
export function clusterAddressOf(invocation: Invocation): ClusterAddress {
  const cluster = clusterNameOf(invocation)
  const urls = (invocation.text('nats') ?? 'nats://127.0.0.1:4222')
    .split(',')
    .map((text) => urlOf(text, invocation))
  const servers = urls.map(({ host }) => `nats://${host}`)
  const tls = tlsOf(
    invocation,
    urls.some(({ protocol }) => protocol === 'tls:'),
  )
  const nats = { servers, ...identityOf(invocation, urls), ...(tls === undefined ? {} : { tls }) }
  return { cluster, nats, shown: `cluster ${cluster} at ${servers.join(', ')}` }
}

/** Throws a UsageError for one that is no name. */
export function clusterNameOf(invocation: Invocation): string {
  const cluster = invocation.text('cluster') ?? 'default'
  if (isToken(cluster)) return cluster
  throw new UsageError(
    `${invocation.nameOf('cluster')} is ${JSON.stringify(cluster)}`,
    'give at most 32 letters, digits, "-" and "_"',
  )
}

function urlOf(text: string, invocation: Invocation): URL {
  const trimmed = text.trim()
  const written = trimmed.includes('://') ? trimmed : `nats://${trimmed}`
  if (URL.canParse(written)) {
    const url = new URL(written)
    if (url.host !== '' && ['nats:', 'tls:'].includes(url.protocol)) return url
  }
  throw new UsageError(
    `${invocation.nameOf('nats')} has no address in ${JSON.stringify(text)}`,
    'write nats://host:4222, several with commas between',
  )
}

/**
 * What stands on the command line counts before the environment. Two ways in one place are an error: which one counts
 * should not have to be guessed.
 */
function identityOf(invocation: Invocation, urls: readonly URL[]): Identity {
  const told = [...toldByFiles(invocation), ...toldByUrls(invocation, urls), ...toldByEnvironment(invocation)]
  const onLine = told.filter(({ origin }) => origin.startsWith('--'))
  const [first, second] = onLine.length > 0 ? onLine : told
  if (first === undefined) return {}
  if (second === undefined) return first.identity
  throw new UsageError(`${first.origin} and ${second.origin} both say who we are`, 'leave one of them out')
}

function toldByFiles(invocation: Invocation): Told[] {
  const credentials = textOf('nats-creds', invocation)
  const nkeySeed = textOf('nats-nkey', invocation)?.trim()
  return [
    ...(credentials === undefined
      ? []
      : [{ origin: invocation.nameOf('nats-creds'), identity: { credentials } }]),
    ...(nkeySeed === undefined ? [] : [{ origin: invocation.nameOf('nats-nkey'), identity: { nkeySeed } }]),
  ]
}

/** `nats://user:password@host` or `nats://token@host`; of several servers, all that name one must name the same. */
function toldByUrls(invocation: Invocation, urls: readonly URL[]): Told[] {
  const origin = invocation.nameOf('nats')
  const named = urls.filter(({ username }) => username !== '')
  const [first, ...others] = named
  if (first === undefined) return []
  const { username, password } = first
  if (others.some((other) => other.username !== username || other.password !== password)) {
    throw new UsageError(
      `${origin} has a different user for each server`,
      'name the same one, or name one once',
    )
  }
  const user = decodeURIComponent(username)
  if (password === '') return [{ origin, identity: { token: user } }]
  return [{ origin, identity: { user, password: decodeURIComponent(password) } }]
}

function toldByEnvironment({ environment }: Invocation): Told[] {
  const { RETAKE_NATS_USER: user, RETAKE_NATS_PASSWORD: password, RETAKE_NATS_TOKEN: token } = environment
  if (isGiven(password) && !isGiven(user)) {
    throw new UsageError('RETAKE_NATS_PASSWORD is the password of nobody', 'set RETAKE_NATS_USER, too')
  }
  return [
    ...(isGiven(user)
      ? [{ origin: 'RETAKE_NATS_USER', identity: { user, ...(isGiven(password) ? { password } : {}) } }]
      : []),
    ...(isGiven(token) ? [{ origin: 'RETAKE_NATS_TOKEN', identity: { token } }] : []),
  ]
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}

function tlsOf(invocation: Invocation, isAsked: boolean): NatsTls | undefined {
  const files = {
    caFile: pathOf('tls-ca', invocation),
    certFile: pathOf('tls-cert', invocation),
    keyFile: pathOf('tls-key', invocation),
  }
  if ((files.certFile === undefined) !== (files.keyFile === undefined)) {
    throw new UsageError(
      '--tls-cert and --tls-key belong together',
      'give both, or none, or set RETAKE_TLS_CERT and RETAKE_TLS_KEY',
    )
  }
  const handshakeFirst = invocation.isSet('tls-first')
  const given = Object.entries(files).filter(([, path]) => path !== undefined)
  if (!isAsked && !handshakeFirst && given.length === 0) return undefined
  return { ...Object.fromEntries(given), ...(handshakeFirst ? { handshakeFirst } : {}) }
}

/** By path, because the client reads it again for each connection: certificates are renewed while a node runs. */
function pathOf(option: string, invocation: Invocation): string | undefined {
  const path = invocation.text(option)
  if (path === undefined) return undefined
  return readable(option, invocation, () => {
    accessSync(path, constants.R_OK)
    return resolve(path)
  })
}

function textOf(option: string, invocation: Invocation): string | undefined {
  const path = invocation.text(option)
  return path === undefined ? undefined : readable(option, invocation, () => readFileSync(path, 'utf8'))
}

function readable<T>(option: string, invocation: Invocation, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new UsageError(
      `${invocation.nameOf(option)} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'name a file that is there, and that this user may read',
    )
  }
}
