import { type Duration, durationMs } from '../../kit/duration.js'
import { RetakeError } from '../../kit/errors.js'
import { LIMITS } from '../../kit/limits.js'
import { resolveSecrets } from '../secret-value.js'
import type { SourceSpec } from '../source.js'
import { TLS_TEXT_FIX, type TlsTexts, unusableText } from '../tls.js'
import type { Isolation } from './kafka-transport.js'

/** Where a topic is read from: every partition alike. */
export type StartOption = 'earliest' | 'latest' | 'group' | { readonly timestamp: number }

/** Where reading ends, resolved once when the run starts: what is in the topic then, or what is older than a time. */
export type StopOption = 'latest' | { readonly timestamp: number }

export interface SaslOptions {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** Options of Node's `tls.connect`. */
export interface KafkaTlsOptions extends TlsTexts {
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** How to reach the brokers, secrets and all: stays on the node, never printed. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly sasl: SaslOptions | undefined
  readonly tls: KafkaTlsOptions | undefined
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
}

/** The options of a Kafka source, checked and with their defaults. */
export interface KafkaSourceOptions {
  readonly connection: KafkaConnection
  readonly topic: string
  readonly format: 'json' | 'string' | 'bytes'
  readonly start: StartOption
  readonly stop: StopOption | undefined
  /** Its offsets are read by start 'group', and committed with each checkpoint for others to see. */
  readonly group: string | undefined
  /** New partitions are looked for this often; undefined: never. */
  readonly discoverMs: number | undefined
  readonly isolation: Isolation
  readonly onBadRecord: 'fail' | 'skip'
  readonly fetch: FetchOptions
}

export interface FetchOptions {
  readonly maxWaitMs: number
  readonly minBytes: number
  /** An answer of one broker; at most two are held. */
  readonly maxBytes: number
  readonly maxPartitionBytes: number
}

export const KAFKA_DEFAULTS = {
  start: 'earliest',
  discover: '5m',
  isolation: 'read-committed',
  onBadRecord: 'fail',
  clientId: 'retake',
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 15_000,
  fetch: {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: LIMITS.kafkaFetchBytes,
    maxPartitionBytes: LIMITS.kafkaPartitionBytes,
  },
} as const

const PORT = '9092'

/** Reads what the factory (`api/kafka.ts`) put into the job. Throws RT1410 for what it cannot mean, RT1710 for a secret. */
export function kafkaOptions(given: SourceSpec['options']): KafkaSourceOptions {
  const options = resolveSecrets(given) as SourceSpec['options']
  const stop = stopOf(options)
  const group = text(options, 'group', undefined)
  const start = startOf(options)
  if (start === 'group' && group === undefined) {
    throw wrong('start', 'start: "group" reads the offsets of a group', 'name it: group: "my-group"')
  }
  return {
    connection: {
      brokers: brokersOf(options),
      clientId: text(options, 'clientId', KAFKA_DEFAULTS.clientId),
      sasl: saslOf(options),
      tls: tlsOf(options),
      connectTimeoutMs: KAFKA_DEFAULTS.connectTimeoutMs,
      requestTimeoutMs: KAFKA_DEFAULTS.requestTimeoutMs,
    },
    topic: text(options, 'topic', undefined) ?? missing('topic'),
    format: oneOf(options, 'format', ['json', 'string', 'bytes'], 'json'),
    start,
    stop,
    group,
    discoverMs: discoverOf(options, stop),
    isolation: oneOf(options, 'isolation', ['read-committed', 'read-uncommitted'], KAFKA_DEFAULTS.isolation),
    onBadRecord: oneOf(options, 'onBadRecord', ['fail', 'skip'], KAFKA_DEFAULTS.onBadRecord),
    fetch: fetchOf(options),
  }
}

type Options = SourceSpec['options']

function brokersOf({ brokers }: Options): readonly string[] {
  const list = typeof brokers === 'string' ? brokers.split(',') : brokers
  if (!Array.isArray(list) || list.length === 0) return missing('brokers')
  return list.map((broker: unknown) => {
    const [host, port = PORT, more] = String(broker).trim().split(':')
    if (host !== undefined && host !== '' && isPort(port) && more === undefined) return `${host}:${port}`
    throw wrong(
      'brokers',
      `${JSON.stringify(broker)} is not a broker`,
      'write "host:port", several of them in an array',
    )
  })
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}

function startOf({ start = KAFKA_DEFAULTS.start }: Options): StartOption {
  if (start === 'earliest' || start === 'latest' || start === 'group') return start
  const timestamp = timestampOf(start)
  if (timestamp !== undefined) return { timestamp }
  throw wrong(
    'start',
    `${JSON.stringify(start)} is no place to start at`,
    'write "earliest", "latest", "group" or { timestamp: milliseconds }',
  )
}

function stopOf({ stop, bounded = false }: Options): StopOption | undefined {
  if (stop === undefined || stop === null) return bounded === true ? 'latest' : undefined
  if (stop === 'latest') return stop
  const timestamp = timestampOf(stop)
  if (timestamp !== undefined) return { timestamp }
  throw wrong(
    'stop',
    `${JSON.stringify(stop)} is no place to stop at`,
    'write "latest" or { timestamp: milliseconds }',
  )
}

function timestampOf(option: unknown): number | undefined {
  const timestamp = (option as { timestamp?: unknown } | null)?.timestamp
  if (timestamp instanceof Date) return timestamp.getTime()
  return typeof timestamp === 'number' && Number.isSafeInteger(timestamp) && timestamp >= 0
    ? timestamp
    : undefined
}

function discoverOf(
  { discover = KAFKA_DEFAULTS.discover }: Options,
  stop: StopOption | undefined,
): number | undefined {
  if (stop !== undefined || discover === false || discover === null) return undefined
  const everyMs = durationMs(discover as Duration)
  return everyMs === 0 ? undefined : everyMs
}

function saslOf({ sasl }: Options): SaslOptions | undefined {
  if (sasl === undefined || sasl === null) return undefined
  const { mechanism, username, password } = sasl as Record<string, unknown>
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw wrong('sasl', 'username or password is missing', 'give both; password may be secret("name")')
  }
  const known = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
  const name = String(mechanism ?? 'plain').toLowerCase()
  return { mechanism: oneOf({ mechanism: name }, 'mechanism', known, 'plain'), username, password }
}

function tlsOf({ tls }: Options): KafkaTlsOptions | undefined {
  if (tls === undefined || tls === null || tls === false) return undefined
  if (tls === true) return {}
  if (typeof tls !== 'object') {
    throw wrong(
      'tls',
      'it is neither true nor false nor an object',
      'write true, or { ca, cert, key } as PEM texts',
    )
  }
  const given = Object.entries(tls).filter(([, value]) => value !== undefined && value !== null)
  for (const [name, value] of given) {
    const type = TLS_TYPES[name as keyof KafkaTlsOptions]
    if (type === undefined) {
      throw wrong(
        `tls.${name}`,
        'there is no such option',
        `write one of ${Object.keys(TLS_TYPES).join(', ')}`,
      )
    }
    if (typeof value !== type) throw wrong(`tls.${name}`, `it is no ${type}`, `write a ${type}`)
  }
  const options: KafkaTlsOptions = Object.fromEntries(given)
  const unusable = unusableText(options)
  if (unusable !== undefined) throw wrong(`tls.${unusable.option}`, unusable.why, TLS_TEXT_FIX)
  return options
}

const TLS_TYPES: Readonly<Record<keyof KafkaTlsOptions, 'string' | 'boolean'>> = {
  ca: 'string',
  cert: 'string',
  key: 'string',
  passphrase: 'string',
  servername: 'string',
  rejectUnauthorized: 'boolean',
}

function fetchOf({ fetch }: Options): FetchOptions {
  const given = (fetch ?? {}) as Partial<Record<keyof FetchOptions, unknown>>
  const fetchOptions: Record<keyof FetchOptions, number> = { ...KAFKA_DEFAULTS.fetch }
  for (const name of Object.keys(fetchOptions) as (keyof FetchOptions)[]) {
    const value = given[name]
    if (value === undefined) continue
    // The protocol has 32 bits for each.
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value >= 2 ** 31) {
      throw wrong(
        `fetch.${name}`,
        `${JSON.stringify(value)} is not a whole number from 1 to ${2 ** 31 - 1}`,
        'write a number of bytes or ms',
      )
    }
    fetchOptions[name] = value
  }
  return fetchOptions
}

function text(options: Options, name: string, fallback: string): string
function text(options: Options, name: string, fallback: undefined): string | undefined
function text(options: Options, name: string, fallback: string | undefined): string | undefined {
  const value = options[name]
  if (value === undefined || value === null) return fallback
  if (typeof value === 'string' && value !== '') return value
  throw wrong(name, `${JSON.stringify(value)} is not a name`, `write ${name}: "…"`)
}

function oneOf<T extends string>(options: Options, name: string, known: readonly T[], fallback: T): T {
  const value = options[name] ?? fallback
  const found = known.find((each) => each === value)
  if (found !== undefined) return found
  throw wrong(name, `${JSON.stringify(value)} is not known`, `write one of ${known.join(', ')}`)
}

function missing(name: string): never {
  throw wrong(name, `${name} is missing`, `give kafka.source({ ${name}: … })`)
}

function wrong(name: string, why: string, fix: string): RetakeError {
  return new RetakeError('RT1410', { what: `option ${name} of a Kafka source is wrong`, why, fix })
}
