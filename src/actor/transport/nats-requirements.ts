import { RetakeError } from '../../kit/errors.js'

/** What a nats-server says of itself when it greets. */
export interface NatsServerFacts {
  readonly version: string
  readonly maxPayloadBytes: number
  readonly headers: boolean
  /** Where it listens, for messages. */
  readonly url: string
}

/** Room that NATS needs beside a message: subject, reply subject, sizes. */
const NATS_OVERHEAD_BYTES = 4 * 1024

const OLDEST: Version = [2, 9, 0]
/** From here on one slow receiver stalls its senders for at most 10 ms a read, not up to a second a message. */
const WITHOUT_LONG_STALLS = '2.10.26'
/** The oldest one without a security advisory that was known when this was written. */
export const RECOMMENDED_NATS = '2.12.7'

/** What a server does worse than newer ones, and from which version on it does not. */
export interface NatsShortcoming {
  readonly before: string
  readonly what: string
}

const SHORTCOMINGS: readonly NatsShortcoming[] = [
  {
    before: '2.10',
    what: 'JetStream confirms a write up to 60 s before its disk has it, and sync_interval cannot be set',
  },
  { before: '2.10.23', what: 'a nats-server that is killed may lose a whole stream' },
  {
    before: WITHOUT_LONG_STALLS,
    what: 'one slow receiver stalls its senders for up to a second a message',
  },
  { before: RECOMMENDED_NATS, what: 'there are known security advisories: it is not for production' },
]

/**
 * Whether we can run on this server: throws what makes it impossible, and returns what is worth a warning.
 * A server may be exchanged under a living connection, so this is asked again after each reconnect.
 */
export function judgeNatsServer(server: NatsServerFacts, maxMessageBytes: number): string | undefined {
  const fault = versionFault(server) ?? headersFault(server) ?? payloadFault(server, maxMessageBytes)
  if (fault !== undefined) throw fault
  if (!isBefore(server.version, WITHOUT_LONG_STALLS)) return undefined
  return (
    `nats-server ${server.version} at ${server.url} stalls a sender for up to a second a message while one of its ` +
    `receivers is slow; use ${WITHOUT_LONG_STALLS} or newer`
  )
}

export function versionFault({ version, url }: NatsServerFacts): RetakeError | undefined {
  if (compared(versionOf(version), OLDEST) >= 0) return undefined
  return new RetakeError('RT1505', {
    what: `the nats-server at ${url} is version ${version}`,
    why: 'Retake needs 2.9 or newer',
    fix: 'install a current nats-server; for production 2.12.7 or newer',
    where: url,
  })
}

export function headersFault({ headers, url }: NatsServerFacts): RetakeError | undefined {
  if (headers) return undefined
  return new RetakeError('RT1505', {
    what: `the nats-server at ${url} has message headers switched off`,
    why: 'without them the server cannot say that nobody receives a message',
    fix: 'remove "no_header_support" from its configuration',
    where: url,
  })
}

export function payloadFault(
  { maxPayloadBytes, url }: NatsServerFacts,
  maxMessageBytes: number,
): RetakeError | undefined {
  const wanted = maxMessageBytes + NATS_OVERHEAD_BYTES
  if (maxPayloadBytes >= wanted) return undefined
  return new RetakeError('RT1504', {
    what: `the nats-server at ${url} takes messages of at most ${maxPayloadBytes} bytes`,
    why: `frames of a channel may have ${maxMessageBytes} bytes, and need ${NATS_OVERHEAD_BYTES} more for subject and headers`,
    fix: `set max_payload: ${wanted} (or more) in its configuration`,
    where: url,
  })
}

/** Of a server that we can run on; none of a current one. */
export function shortcomingsOf(version: string): readonly NatsShortcoming[] {
  return SHORTCOMINGS.filter(({ before }) => isBefore(version, before))
}

type Version = readonly [number, number, number]

function versionOf(text: string): Version {
  const [, major = '0', minor = '0', patch = '0'] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text) ?? []
  return [Number(major), Number(minor), Number(patch)]
}

function isBefore(version: string, other: string): boolean {
  return compared(versionOf(version), versionOf(other)) < 0
}

function compared(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}
