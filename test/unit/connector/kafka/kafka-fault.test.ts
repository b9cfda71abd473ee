import { expect, test } from 'vitest'
import { faultOf, KafkaFault, type KafkaFaultKind, retakeErrorOf } from '#src/connector/kafka/kafka-fault.js'
import { type ErrorCode, errorInfoOf, isCurable } from '#src/kit/errors.js'

const named = (name: string, more: object = {}) => Object.assign(new Error('text'), { name, ...more })
const protocol = (type: string, retriable = false) =>
  named('KafkaJSProtocolError', { type, code: 1, retriable })

test.each<[string, unknown, KafkaFaultKind]>([
  ['a connection refused', named('KafkaJSConnectionError', { code: 'ECONNREFUSED' }), 'unavailable'],
  ['a connection closed', named('KafkaJSConnectionClosedError'), 'unavailable'],
  ['no answer in time', named('KafkaJSRequestTimeoutError'), 'unavailable'],
  ['another leader', protocol('NOT_LEADER_FOR_PARTITION', true), 'unavailable'],
  ['a fenced epoch', protocol('FENCED_LEADER_EPOCH'), 'unavailable'],
  ['a missing topic', protocol('UNKNOWN_TOPIC_OR_PARTITION', true), 'missing-topic'],
  ['an offset out of range', protocol('OFFSET_OUT_OF_RANGE'), 'out-of-range'],
  ['a wrong password', protocol('SASL_AUTHENTICATION_FAILED'), 'refused'],
  [
    'an unknown certificate',
    named('KafkaJSConnectionError', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    'untrusted',
  ],
  ['a listener without SASL', protocol('ILLEGAL_SASL_STATE'), 'refused'],
  [
    'a broker that dies while TLS is spoken',
    named('KafkaJSConnectionError', { code: 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING' }),
    'unavailable',
  ],
  ['a missing ACL', protocol('TOPIC_AUTHORIZATION_FAILED'), 'not-permitted'],
  ['an old broker', named('KafkaJSServerDoesNotSupportApiKey'), 'unsupported'],
  ['a bad request', protocol('INVALID_REQUEST'), 'failed'],
  ['something else', new TypeError('oops'), 'failed'],
])('when it is %s, then the fault is known, under any wrapping', (_, error, kind) => {
  expect(faultOf(error)).toMatchObject({ kind })
  const wrapped = named('KafkaJSNumberOfRetriesExceeded', {
    cause: named('KafkaJSNonRetriableError', { cause: error }),
  })
  expect(faultOf(wrapped)).toMatchObject({ kind })
})

test.each<[KafkaFaultKind, ErrorCode, boolean]>([
  ['missing-topic', 'RT1401', false],
  ['out-of-range', 'RT1402', false],
  ['refused', 'RT1404', false],
  ['untrusted', 'RT1490', false],
  ['not-permitted', 'RT1405', false],
  ['unavailable', 'RT1406', true],
  ['failed', 'RT1407', true],
  ['unsupported', 'RT1409', false],
])('when a fault is %s, then users see %s', (kind, code, curable) => {
  const error = retakeErrorOf(new KafkaFault(kind, 'CODE', 'text'), 'topic "t" at b:9092')
  expect(error).toMatchObject({ code, why: 'text (CODE)' })
  expect(isCurable(errorInfoOf(error))).toBe(curable)
})
