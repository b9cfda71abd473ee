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
export const NATS_OVERHEAD_BYTES = 4 * 1024

const OLDEST = [2, 9, 0] as const
/** From here on one slow receiver stalls its senders for at most 10 ms a read, not up to a second a message. */
const WITHOUT_LONG_STALLS = [2, 10, 26] as const

/**
 * Whether we can run on this server: throws what makes it impossible, and returns what is worth a warning.
 * A server may be exchanged under a living connection, so this is asked again after each reconnect.
 */
export function judgeNatsServer(server: NatsServerFacts, maxMessageBytes: number): string | undefined {
  const where = server.url
  const version = versionOf(server.version)
  if (isBefore(version, OLDEST)) {
    throw new RetakeError('RT1505', {
      what: `the nats-server at ${where} is version ${server.version}`,
      why: 'Retake needs 2.9 or newer',
      fix: 'install a current nats-server; for production 2.12.7 or newer',
      where,
    })
  }
  if (!server.headers) {
    throw new RetakeError('RT1505', {
      what: `the nats-server at ${where} has message headers switched off`,
      why: 'without them the server cannot say that nobody receives a message',
      fix: 'remove "no_header_support" from its configuration',
      where,
    })
  }
  const wanted = maxMessageBytes + NATS_OVERHEAD_BYTES
  if (server.maxPayloadBytes < wanted) {
    throw new RetakeError('RT1504', {
      what: `the nats-server at ${where} takes messages of at most ${server.maxPayloadBytes} bytes`,
      why: `frames of a channel may have ${maxMessageBytes} bytes, and need ${NATS_OVERHEAD_BYTES} more for subject and headers`,
      fix: `set max_payload: ${wanted} (or more) in its configuration`,
      where,
    })
  }
  if (!isBefore(version, WITHOUT_LONG_STALLS)) return undefined
  return (
    `nats-server ${server.version} at ${where} stalls a sender for up to a second a message while one of its ` +
    'receivers is slow; use 2.10.26 or newer'
  )
}

type Version = readonly [number, number, number]

function versionOf(text: string): Version {
  const [, major = '0', minor = '0', patch = '0'] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []
  return [Number(major), Number(minor), Number(patch)]
}

function isBefore(a: Version, b: Version): boolean {
  if (a[0] !== b[0]) return a[0] < b[0]
  return a[1] === b[1] ? a[2] < b[2] : a[1] < b[1]
}
