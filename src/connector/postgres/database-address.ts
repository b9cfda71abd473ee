import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { RetakeError } from '../../kit/errors.js'
import { ANY_NAME, TLS_TEXT_FIX, type TlsTexts, unusableText } from '../tls.js'

/** Where a database is, and how the way there is secured: options of Node's `tls.connect`, or none. */
export interface DatabaseAddress {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, without a word about TLS. */
  readonly url: string
  readonly tls: ConnectionOptions | false
}

/** What libpq means by these words. */
const MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const

interface WantedTls extends TlsTexts {
  readonly mode: (typeof MODES)[number]
}

/**
 * Reads an address as libpq would: `?sslmode=`, `sslrootcert=`, `sslcert=` and `sslkey=` are about TLS, the last three
 * paths of files on this node. The same can be said by the option `tls` of a sink, with texts in place of paths. Without
 * either there is no TLS. Throws RT1450 for what it cannot mean, without the address.
 */
export function databaseAddress(address: string, tls?: unknown): DatabaseAddress {
  const [place = '', query = ''] = address.split(/\?(.*)/s)
  const words = new URLSearchParams(query)
  const own = [...words].filter(([name]) => name.startsWith('ssl'))
  if (own.length === 0) return { url: address, tls: connectionTo(wantedByOption(tls)) }
  if (tls !== undefined) {
    throw wrong('tls', 'the address speaks of TLS too', 'say it in one place: in the address, or by tls')
  }
  for (const [name] of own) words.delete(name)
  const rest = words.toString()
  return { url: rest === '' ? place : `${place}?${rest}`, tls: connectionTo(wantedByAddress(own)) }
}

const WORDS: Readonly<Record<string, keyof WantedTls>> = {
  sslmode: 'mode',
  sslrootcert: 'ca',
  sslcert: 'cert',
  sslkey: 'key',
}

function wantedByAddress(words: readonly (readonly [string, string])[]): WantedTls {
  const given: Partial<Record<keyof WantedTls, string>> = {}
  for (const [word, value] of words) {
    const name = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
    if (name === undefined) {
      throw wrong(word, 'it is not known in an address', `write ${Object.keys(WORDS).join(', ')}`)
    }
    if (name === 'mode') given.mode = value
    else if (value !== 'system') given[name] = textIn(word, value)
  }
  const mode = given.mode ?? (given.ca === undefined ? undefined : 'verify-full')
  if (!isMode(mode)) {
    const why = mode === undefined ? 'it is missing, where a certificate is given' : `it is ${mode}`
    throw wrong(
      'sslmode',
      why,
      `write one of ${MODES.join(', ')}; what falls back to plain text protects nothing`,
    )
  }
  return checked(
    { ...given, mode },
    (name) => Object.keys(WORDS).find((word) => WORDS[word] === name) ?? name,
  )
}

function textIn(word: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw wrong(word, error instanceof Error ? error.message : String(error), 'name a file of this node')
  }
}

const TEXTS: readonly string[] = ['ca', 'cert', 'key', 'passphrase'] satisfies (keyof TlsTexts)[]

function wantedByOption(tls: unknown): WantedTls {
  if (tls === undefined || tls === null || tls === false) return { mode: 'disable' }
  if (tls === true) return { mode: 'verify-full' }
  if (typeof tls !== 'object') {
    throw wrong('tls', 'it is neither true nor false nor an object', 'write true, or { ca, cert, key, mode }')
  }
  const { mode = 'verify-full', ...texts } = tls as Readonly<Record<string, unknown>>
  if (!isMode(mode))
    throw wrong('tls.mode', `it is ${JSON.stringify(mode)}`, `write one of ${MODES.join(', ')}`)
  for (const [name, text] of Object.entries(texts)) {
    if (!TEXTS.includes(name)) {
      throw wrong(`tls.${name}`, 'there is no such option', `write mode, ${TEXTS.join(', ')}`)
    }
    if (typeof text !== 'string') throw wrong(`tls.${name}`, 'it is no text', TLS_TEXT_FIX)
  }
  return checked({ ...texts, mode }, (name) => `tls.${name}`)
}

function isMode(mode: unknown): mode is WantedTls['mode'] {
  return MODES.some((each) => each === mode)
}

function checked(wanted: WantedTls, nameOf: (option: keyof WantedTls) => string): WantedTls {
  const { mode, ...texts } = wanted
  if (mode === 'verify-ca' && texts.ca === undefined) {
    throw wrong(
      nameOf('ca'),
      'it is missing, and anybody can have a certificate of a public authority',
      'name the authority, or let the name of the server be verified too: verify-full',
    )
  }
  const unusable = unusableText(texts)
  if (unusable !== undefined) throw wrong(nameOf(unusable.option), unusable.why, TLS_TEXT_FIX)
  return wanted
}

function connectionTo({ mode, ...texts }: WantedTls): ConnectionOptions | false {
  switch (mode) {
    case 'disable':
      return false
    case 'require':
      // With an authority at hand, libpq asks for it.
      return texts.ca === undefined ? { ...texts, rejectUnauthorized: false } : { ...texts, ...ANY_NAME }
    case 'verify-ca':
      return { ...texts, ...ANY_NAME }
    case 'verify-full':
      return texts
  }
}

function wrong(name: string, why: string, fix: string): RetakeError {
  return new RetakeError('RT1450', { what: `${name} of a PostgreSQL database is wrong`, why, fix })
}
