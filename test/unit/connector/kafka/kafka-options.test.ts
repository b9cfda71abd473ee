import { expect, test } from 'vitest'
import { kafka } from '#src/api/kafka.js'
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

test('when everything is said, then it is what was said', () => {
  const tls = { ca: CERT, servername: 'kafka', rejectUnauthorized: false }
  const fetch = { maxWaitMs: 1, minBytes: 2, maxBytes: 3, maxPartitionBytes: 4 }
  const given = { clientId: 'me', group: 'g', discover: '1m', isolation: 'read-uncommitted', tls, fetch }
  expect(kafkaOptions({ ...MINIMUM, ...given })).toMatchObject({
    connection: { clientId: 'me', tls },
    group: 'g',
    discoverMs: 60_000,
    isolation: 'read-uncommitted',
    fetch,
  })
})

test.each([
  ['earliest', { start: 'earliest' }, { start: 'earliest', stop: undefined }],
  ['a day', { start: { timestamp: new Date(5) } }, { start: { timestamp: 5 } }],
  ['what is older than a day', { stop: { timestamp: new Date(5) } }, { stop: { timestamp: 5 } }],
  ['what is there', { bounded: true }, { stop: 'latest', discoverMs: undefined }],
  ['what is older, and bounded', { bounded: true, stop: { timestamp: 5 } }, { stop: { timestamp: 5 } }],
  ['what is known at first', { discover: false }, { discoverMs: undefined }],
  ['what is known at first', { discover: 0 }, { discoverMs: undefined }],
])('when %s is to be read, then that is', (_, given, expected) => {
  const { options } = kafka.source({ ...MINIMUM, ...(given as object) })
  expect(kafkaOptions(options)).toMatchObject(expected)
})

test.each([
  ['brokers', { brokers: '' }],
  ['brokers', { brokers: [] }],
  ['brokers', { brokers: 'a:b' }],
  ['brokers', { brokers: 'a:65536' }],
  ['group', { group: '' }],
  ['clientId', { clientId: 5 }],
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
  ['fetch.maxBytes', { fetch: { maxBytes: 2 ** 31 } }],
  ['fetch.maxWaitMs', { fetch: { maxWaitMs: '5s' } }],
  ['fetch.minBytes', { fetch: { minBytes: null } }],
  ['fetch.maxPartitionBytes', { fetch: { maxPartitionBytes: 0.5 } }],
])('when %s is wrong, then the error names it', (name, given) => {
  expect(() => kafkaOptions({ ...MINIMUM, ...given })).toThrow(
    expect.objectContaining({ code: 'RT1410', what: `option ${name} of a Kafka source is wrong` }),
  )
})
