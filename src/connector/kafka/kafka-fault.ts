import { RetakeError } from '../../kit/errors.js'
import { isTlsFault, tlsError } from '../tls.js'

/**
 * What went wrong between us and Kafka, by what can be done about it.
 *
 *     unavailable     a broker is down, slow, starting or moving: ask for the leaders again and go on, for ever
 *     missing-topic   (metadata) or, while reading, a partition its broker does not know: as unavailable there
 *     out-of-range    the position is not in the partition's log
 *     refused         user, password or mechanism: no retry helps, and many lock the account
 *     untrusted       a certificate, its name or its date, or one side speaks no TLS
 *     not-permitted   an ACL is missing
 *     unsupported     this broker speaks no version that we do
 *     failed          anything else: the attempt ends, a new one may fare better
 */
export type KafkaFaultKind =
  | 'unavailable'
  | 'missing-topic'
  | 'out-of-range'
  | 'refused'
  | 'untrusted'
  | 'not-permitted'
  | 'unsupported'
  | 'failed'

export class KafkaFault extends Error {
  override readonly name = 'KafkaFault'
  readonly kind: KafkaFaultKind
  /** Kafka's or the network's name for it: `NOT_LEADER_FOR_PARTITION`, `ECONNREFUSED`. */
  readonly code: string

  constructor(kind: KafkaFaultKind, code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.code = code
  }
}

/** What a client threw, as a fault. Reads names and codes alone, whichever client it was; a RetakeError stays one. */
export function faultOf(error: unknown): KafkaFault | RetakeError {
  if (error instanceof KafkaFault || error instanceof RetakeError) return error
  const [deepest, chain] = unwrapped(error)
  for (const link of chain) {
    const kind = kindOf(link)
    if (kind !== undefined) return new KafkaFault(kind, codeOf(link), link.message ?? codeOf(link), error)
  }
  return new KafkaFault('failed', codeOf(deepest), deepest.message ?? String(error), error)
}

interface Thrown {
  readonly name?: string
  readonly message?: string
  /** Protocol errors: Kafka's name. */
  readonly type?: string
  /** Protocol errors: Kafka's number. Connection errors: the system's name. */
  readonly code?: string | number
  readonly retriable?: boolean
  readonly cause?: unknown
}

const DEPTH_MAX = 8

function unwrapped(error: unknown): [deepest: Thrown, chain: Thrown[]] {
  const chain: Thrown[] = []
  let link: unknown = error
  while (typeof link === 'object' && link !== null && chain.length < DEPTH_MAX) {
    chain.unshift(link)
    link = (link as Thrown).cause
  }
  return [chain[0] ?? { message: String(error) }, chain]
}

function codeOf({ type, code, name }: Thrown): string {
  return type ?? (typeof code === 'string' ? code : undefined) ?? name ?? 'unknown'
}

function kindOf(thrown: Thrown): KafkaFaultKind | undefined {
  if (thrown.type !== undefined) return kindOfProtocolError(thrown.type, thrown.retriable === true)
  if (typeof thrown.code === 'string' && isTlsFault(thrown.code)) return 'untrusted'
  switch (thrown.name) {
    case 'KafkaJSConnectionError':
    case 'KafkaJSConnectionClosedError':
    case 'KafkaJSRequestTimeoutError':
    case 'KafkaJSBrokerNotFound':
    case 'KafkaJSMetadataNotLoaded':
    case 'KafkaJSTopicMetadataNotLoaded':
    case 'KafkaJSGroupCoordinatorNotFound':
    case 'KafkaJSLockTimeout':
    case 'KafkaJSTimeout':
      return 'unavailable'
    case 'KafkaJSSASLAuthenticationError':
      return 'refused'
    case 'KafkaJSServerDoesNotSupportApiKey':
      return 'unsupported'
    default:
      return undefined
  }
}

function kindOfProtocolError(type: string, retriable: boolean): KafkaFaultKind {
  switch (type) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'INVALID_TOPIC_EXCEPTION':
      return 'missing-topic'
    case 'OFFSET_OUT_OF_RANGE':
      return 'out-of-range'
    case 'SASL_AUTHENTICATION_FAILED':
    case 'UNSUPPORTED_SASL_MECHANISM':
    case 'ILLEGAL_SASL_STATE': // a listener without SASL, asked for it
      return 'refused'
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'GROUP_AUTHORIZATION_FAILED':
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return 'not-permitted'
    case 'UNSUPPORTED_VERSION':
      return 'unsupported'
    case 'FENCED_LEADER_EPOCH':
    case 'UNKNOWN_LEADER_EPOCH':
    case 'OFFSET_NOT_AVAILABLE':
    case 'UNSTABLE_OFFSET_COMMIT':
    case 'BROKER_NOT_AVAILABLE':
    case 'UNKNOWN':
      return 'unavailable'
    default:
      return retriable ? 'unavailable' : 'failed'
  }
}

/** A fault as the user is told of it. `about` names what was asked of whom: `topic "clicks" at broker:9092`. */
export function retakeErrorOf(error: unknown, about: string): RetakeError {
  const fault = faultOf(error)
  if (fault instanceof RetakeError) return fault
  const why = `${fault.message} (${fault.code})`
  const cause = fault
  switch (fault.kind) {
    case 'missing-topic':
      return new RetakeError('RT1401', {
        what: `${about}: there is no such topic`,
        why,
        fix: 'create the topic, or correct its name in the job; Retake creates none',
        cause,
      })
    case 'out-of-range':
      return new RetakeError('RT1402', {
        what: `${about}: the position is not in the log`,
        why,
        fix: 'start a new run with start: "earliest"',
        cause,
      })
    case 'refused':
      return new RetakeError('RT1404', {
        what: `${about}: Kafka refused the credentials`,
        why,
        fix: 'correct sasl of the source: a mechanism that this listener takes (leave sasl out if it takes none), username, password',
        cause,
      })
    case 'untrusted':
      return tlsError(fault.code, about, { why, cause })
    case 'not-permitted':
      return new RetakeError('RT1405', {
        what: `${about}: Kafka does not permit it`,
        why,
        fix: 'give the user the ACL Read (it holds Describe) on the topic, and on the group if the source names one',
        cause,
      })
    case 'unsupported':
      return new RetakeError('RT1409', {
        what: `${about}: the broker speaks another version of the protocol`,
        why,
        fix: 'use Kafka 0.11 to 4.x',
        cause,
      })
    case 'unavailable':
      return new RetakeError('RT1406', {
        what: `${about}: Kafka cannot be reached`,
        why,
        fix: 'see that the brokers run, that their advertised.listeners can be reached from this node, and that this listener wants sasl and tls just as the source has them: one that does not get what it wants hangs up without a word',
        cause,
      })
    case 'failed':
      return new RetakeError('RT1407', {
        what: `${about}: Kafka answered with an error`,
        why,
        fix: 'see the broker’s log',
        cause,
      })
  }
}
