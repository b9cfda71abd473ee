import { expect, test } from 'vitest'
import { kafkaOptions } from '#src/connector/kafka/kafka-options.js'

const MINIMUM = { brokers: 'a:9092', topic: 't' }

test('when nothing else is said, then the defaults are Flink’s', () => {
  expect(kafkaOptions(MINIMUM)).toMatchObject({
    format: 'json',
    start: 'earliest',
    stop: undefined,
    group: undefined,
    discoverMs: 300_000,
    isolation: 'read-committed',
    onBadRecord: 'fail',
    connection: { brokers: ['a:9092'], sasl: undefined, tls: undefined, clientId: 'retake' },
  })
})

test('when brokers are many, or without a port, then all are there', () => {
  expect(kafkaOptions({ ...MINIMUM, brokers: 'a:1, b' }).connection.brokers).toEqual(['a:1', 'b:9092'])
  expect(kafkaOptions({ ...MINIMUM, brokers: ['a', 'b:2'] }).connection.brokers).toEqual(['a:9092', 'b:2'])
})

test('when a password is a secret, then it is this node’s', () => {
  process.env['RETAKE_SECRET_KAFKA_PASSWORD'] = 'cut'
  const sasl = { mechanism: 'SCRAM-SHA-256', username: 'ada', password: { '~secret': 'kafka.password' } }
  expect(kafkaOptions({ ...MINIMUM, sasl }).connection.sasl).toEqual({
    mechanism: 'scram-sha-256',
    username: 'ada',
    password: 'cut',
  })
  delete process.env['RETAKE_SECRET_KAFKA_PASSWORD']
  expect(() => kafkaOptions({ ...MINIMUM, sasl })).toThrow(expect.objectContaining({ code: 'RT1710' }))
})

const CERT = '-----BEGIN CERTIFICATE-----\nnot a certificate\n-----END CERTIFICATE-----\n'
const KEY = '-----BEGIN PRIVATE KEY-----\nnot a key\n-----END PRIVATE KEY-----\n'

test.each([
  ['brokers', { brokers: '' }],
  ['brokers', { brokers: [] }],
  ['brokers', { brokers: 'a:b' }],
  ['topic', { topic: undefined }],
  ['format', { format: 'xml' }],
  ['start', { start: 'middle' }],
  ['start', { start: 'group' }],
  ['start', { start: { timestamp: -1 } }],
  ['stop', { stop: 'earliest' }],
  ['isolation', { isolation: 'serializable' }],
  ['onBadRecord', { onBadRecord: 'ignore' }],
  ['sasl', { sasl: { mechanism: 'plain' } }],
  ['mechanism', { sasl: { mechanism: 'gssapi', username: 'a', password: 'b' } }],
  ['tls', { tls: 'yes' }],
  ['tls.certificate', { tls: { certificate: '' } }],
  ['tls.rejectUnauthorized', { tls: { rejectUnauthorized: 'no' } }],
  ['tls.servername', { tls: { servername: true } }],
  ['tls.ca', { tls: { ca: '/etc/ssl/ca.pem' } }],
  ['tls.ca', { tls: { ca: ['-----BEGIN CERTIFICATE-----'] } }],
  ['tls.cert', { tls: { cert: 'client.pem', key: KEY } }],
  ['tls.cert', { tls: { key: KEY } }],
  ['tls.key', { tls: { cert: CERT, key: 'client.key' } }],
  ['tls.key', { tls: { cert: CERT } }],
  ['tls.key', { tls: { cert: CERT, key: KEY } }],
  ['fetch.maxBytes', { fetch: { maxBytes: 0 } }],
])('when %s is wrong, then the error names it', (name, given) => {
  expect(() => kafkaOptions({ ...MINIMUM, ...given })).toThrow(
    expect.objectContaining({ code: 'RT1410', what: `option ${name} of a Kafka source is wrong` }),
  )
})
