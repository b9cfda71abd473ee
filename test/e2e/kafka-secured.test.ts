import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { kafkaSource } from '#src/connector/kafka/kafka-connector.js'
import { errorInfoOf, isCurable } from '#src/kit/errors.js'
import { type Certificate, CertificateAuthority, encryptedKey } from '../support/certificates.js'
import { describeWith } from '../support/describe-with.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { ReaderRun, withProducer } from './kafka-reader-run.js'

/** `reader` may read the topic `sealed` and the group `readers`, `lister` may see the topic, `stranger` nothing. */
const USERS = { reader: 'reader-hush', lister: 'lister-hush', stranger: 'stranger-hush' } as const
const OPEN_USER = { username: 'director', password: 'director-hush' }
const PASSPHRASE = 'open sesame'
/** Of a fault that waiting would not cure. */
const AT_ONCE_MS = 5_000

await describeWith({ kafka: 'own', openssl: true }, 'the Kafka source, on a secured broker', () => {
  let broker: KafkaBroker
  let authority: CertificateAuthority
  let stranger: CertificateAuthority
  let client: Certificate
  const runs: ReaderRun[] = []

  beforeAll(async () => {
    authority = await CertificateAuthority.make('the authority')
    stranger = await CertificateAuthority.make('a stranger')
    client = await authority.issue('shown')
    broker = await startKafka({
      sasl: OPEN_USER,
      secured: {
        certificate: await authority.issue('broker', ['DNS:localhost']),
        clientAuthority: authority.certificate,
        users: USERS,
        mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
      },
    })
    await broker.createTopic('sealed', { partitions: 1 })
    await withProducer(broker.bootstrap, (producer) =>
      producer.send({ topic: 'sealed', messages: [{ value: 'for your eyes only' }] }),
    )
    const { TOPIC, GROUP } = AclResourceTypes
    const { READ, DESCRIBE } = AclOperationTypes
    await allow('User:reader', TOPIC, 'sealed', READ)
    await allow('User:reader', GROUP, 'readers', READ)
    await allow('User:lister', TOPIC, 'sealed', DESCRIBE)
    await allow('User:CN=shown', TOPIC, 'sealed', READ)
  }, 120_000)

  afterEach(async () => {
    await Promise.all(runs.splice(0).map((run) => run.close()))
  })

  afterAll(async () => {
    await broker?.stop()
    for (const each of [authority, stranger]) each?.close()
  }, 60_000)

  async function allow(
    principal: string,
    resourceType: AclResourceTypes,
    resourceName: string,
    operation: AclOperationTypes,
  ): Promise<void> {
    const rule = { resourceType, resourceName, resourcePatternType: ResourcePatternTypes.LITERAL }
    const whose = { principal, host: '*', operation, permissionType: AclPermissionTypes.ALLOW }
    await broker.admin((admin) => admin.createAcls({ acl: [{ ...rule, ...whose }] }))
  }

  /** Over SASL_SSL as the reader, unless said. */
  function runOf(options: Record<string, unknown> = {}): ReaderRun {
    const ways = { brokers: broker.secured?.sasl, sasl: saslOf('reader'), tls: { ca: authority.certificate } }
    const all = { ...ways, topic: 'sealed', format: 'string', bounded: true, ...options }
    const run = new ReaderRun(kafkaSource, all)
    runs.push(run)
    return run
  }

  function saslOf(username: keyof typeof USERS, mechanism = 'scram-sha-512') {
    return { mechanism, username, password: USERS[username] }
  }

  async function reads(options: Record<string, unknown>): Promise<void> {
    const run = runOf(options)
    await run.resolve()
    await run.untilEnd()
    expect(run.records).toEqual(['for your eyes only'])
  }

  /** Where the job manager asks for partitions, and where a task manager reads: both end at once and for good. */
  async function refuses(options: Record<string, unknown>, code: string, text: RegExp): Promise<void> {
    const splits = await runOf().enumerator.resolve()
    const started = performance.now()
    const run = runOf(options)
    const onResolve = await run.enumerator.resolve().catch((error: unknown) => error)
    run.reader.addSplits(splits)
    for (const error of [onResolve, await run.failure()]) {
      expect(error).toMatchObject({ code, message: expect.stringMatching(text) })
      expect(isCurable(errorInfoOf(error))).toBe(false)
      expect(JSON.stringify(errorInfoOf(error))).not.toMatch(/hush|PRIVATE KEY/)
    }
    expect(performance.now() - started).toBeLessThan(AT_ONCE_MS)
  }

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'when the user comes by %s over TLS, then the topic is read',
    async (mechanism) => {
      await reads({ sasl: saslOf('reader', mechanism) })
    },
  )

  test('when the broker asks for a certificate, then ours is shown, and the topic is read', async () => {
    const brokers = broker.secured?.mutual
    const shown = { ca: authority.certificate, cert: client.certificate }
    await reads({ brokers, sasl: undefined, tls: { ...shown, key: client.key } })
    const key = encryptedKey(client, PASSPHRASE)
    await reads({ brokers, sasl: undefined, tls: { ...shown, key, passphrase: PASSPHRASE } })
  })

  test('when the certificate holds another name, then servername, or no verification, lets us in', async () => {
    const brokers = broker.secured?.sasl.replace('localhost', '127.0.0.1')
    await reads({ brokers, tls: { ca: authority.certificate, servername: 'localhost' } })
    await reads({ brokers, tls: { rejectUnauthorized: false } })
  })

  test('when a text is a secret, then it is what this node holds', async () => {
    process.env['RETAKE_SECRET_KAFKA_CA'] = authority.certificate
    try {
      await reads({ tls: { ca: { '~secret': 'kafka-ca' } } })
    } finally {
      delete process.env['RETAKE_SECRET_KAFKA_CA']
    }
  })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'when the password is wrong by %s, then the job is told, at once and for good',
    async (mechanism) => {
      const sasl = { ...saslOf('reader', mechanism), password: 'not-the-hush' }
      await refuses({ sasl }, 'RT1404', /refused the credentials.*authentication/is)
    },
  )

  test('when nobody has the name of the user, then the job is told, at once and for good', async () => {
    const sasl = { mechanism: 'scram-sha-256', username: 'nobody', password: 'hush' }
    await refuses({ sasl }, 'RT1404', /refused the credentials/)
  })

  test('when the listener does not take the mechanism, then the job is told, at once and for good', async () => {
    const sasl = { mechanism: 'scram-sha-256', ...OPEN_USER }
    await refuses({ brokers: broker.saslBootstrap, sasl, tls: undefined }, 'RT1404', /mechanism/)
  })

  test('when the listener takes no password, then the job is told, at once and for good', async () => {
    await refuses({ brokers: broker.bootstrap, tls: undefined }, 'RT1404', /leave sasl out/)
  })

  test('when nobody known has signed for the broker, then the job is told, at once and for good', async () => {
    await refuses({ tls: true }, 'RT1490', /signed by nobody whom this node trusts/)
    await refuses({ tls: { ca: stranger.certificate } }, 'RT1490', /signed by nobody whom this node trusts/)
  })

  test('when the certificate of the broker holds another name, then the job is told, at once and for good', async () => {
    const brokers = broker.secured?.sasl.replace('localhost', '127.0.0.1')
    const run = runOf({ brokers })
    const error = await run.enumerator.resolve().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'RT1490',
      message: expect.stringMatching(/another name.*127\.0\.0\.1/s),
    })
    expect(isCurable(errorInfoOf(error))).toBe(false)
    await refuses({ tls: { ca: authority.certificate, servername: 'elsewhere' } }, 'RT1490', /another name/)
  })

  test('when the broker takes no certificate of ours, then the job is told, at once and for good', async () => {
    const brokers = broker.secured?.mutual
    const ca = authority.certificate
    await refuses({ brokers, sasl: undefined, tls: { ca } }, 'RT1490', /refuses the certificate/)
    const { certificate: cert, key } = await stranger.issue('shown')
    await refuses({ brokers, sasl: undefined, tls: { ca, cert, key } }, 'RT1490', /refuses the certificate/)
  })

  test('when no ACL allows to see or to read the topic, then the job is told, at once and for good', async () => {
    await refuses({ sasl: saslOf('stranger') }, 'RT1405', /does not permit/)
    const splits = await runOf().enumerator.resolve()
    const lister = runOf({ sasl: saslOf('lister') })
    lister.reader.addSplits(splits)
    const error = await lister.failure()
    expect(error).toMatchObject({ code: 'RT1405' })
    expect(isCurable(errorInfoOf(error))).toBe(false)
  })

  test('when no ACL allows to ask for the group, then the job is told, at once and for good', async () => {
    const offset = async (group: string) => {
      const [split] = await runOf({ start: 'group', group }).enumerator.resolve()
      return Object(split?.position).offset
    }
    expect(await offset('readers')).toBe(0)
    const error = await offset('others').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'RT1405', message: expect.stringContaining('group') })
    expect(isCurable(errorInfoOf(error))).toBe(false)
  })
})
