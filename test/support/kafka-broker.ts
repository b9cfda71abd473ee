import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { type Availability, availabilityOf, mustHave, remembered } from './availability.js'
import type { Certificate } from './certificates.js'
import { mustRun } from './command.js'
import { cached } from './download.js'
import { freePort } from './free-port.js'
import { type Host, THIS_HOST } from './host.js'
import { fetchJars, findJava } from './java.js'
import { PROJECT } from './project.js'
import { accepts, controlOf, foreignControl, type ServerControl, ServerProcess } from './server-process.js'
import { until } from './until.js'

export const KAFKA_VERSION = '4.3.1'
const CLUSTER_ID = 'UmV0YWtlVGVzdEJyb2tlcg'

export interface KafkaOptions {
  /** This machine as it is, unless said. */
  readonly host?: Host
  /** A second listener that asks for this name and password (SASL/PLAIN). */
  readonly sasl?: { readonly username: string; readonly password: string }
  /** A third listener that speaks TLS, with a certificate of its own. */
  readonly tls?: boolean
  /** Two listeners more, and nobody may do what no ACL allows, but for those who come over the first one. */
  readonly secured?: Security
  /** 384 MB unless said. */
  readonly heapMb?: number
  /** More lines of server.properties. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

export interface Security {
  readonly certificate: Certificate
  /** Who signed the certificates of clients. */
  readonly clientAuthority: string
  /** Passwords by name. */
  readonly users: Readonly<Record<string, string>>
  /** How the users of SASL_SSL prove that they know theirs. */
  readonly mechanisms: readonly ('PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512')[]
}

export interface TopicOptions {
  /** 4 unless said. */
  readonly partitions?: number
  /** The topic's own settings: `max.message.bytes`, `cleanup.policy`, … */
  readonly config?: Readonly<Record<string, string | number | boolean>>
}

export interface KafkaBroker extends ServerControl {
  readonly version: string
  /** `ADDRESS:PORT`, plain text, no password. */
  readonly bootstrap: string
  /** The listener with a password, if it was asked for. */
  readonly saslBootstrap: string | undefined
  /** The listener with TLS and the certificate (PEM) to trust, if it was asked for. */
  readonly tls: { readonly bootstrap: string; readonly certificate: string } | undefined
  /** `localhost:PORT`, if they were asked for: SASL_SSL with its users, and SSL for those who show a certificate. */
  readonly secured: { readonly sasl: string; readonly mutual: string } | undefined
  createTopic(topic: string, options?: TopicOptions): Promise<void>
  /** Raises the number of partitions of a topic to `partitions`. */
  addPartitions(topic: string, partitions: number): Promise<void>
  /** Deletes what a partition holds before `offset`, as retention would. */
  deleteRecords(topic: string, partition: number, offset: number | bigint): Promise<void>
  /** The next offset of each partition, by partition. */
  endOffsets(topic: string): Promise<bigint[]>
  /** kafkajs's administration client, connected for this one call. */
  admin<T>(use: (admin: Admin) => Promise<T>): Promise<T>
}

interface KafkaProgram {
  readonly java: string
  readonly classPath: string
}

interface Ports {
  readonly plain: number
  readonly controller: number
  readonly sasl: number | undefined
  readonly tls: number | undefined
  readonly secured: { readonly sasl: number; readonly mutual: number } | undefined
}

const program = remembered('kafka', () => availabilityOf(findKafka))

/** Which Kafka the tests would run, or why there is none. Fetches its jars when they are not cached. */
export function kafkaAvailability(): Promise<Availability<KafkaProgram>> {
  return program()
}

/**
 * One broker that is its own controller. docs/kafka-test-broker.md tells the recipe and why each setting is there. The
 * broker in `RETAKE_TEST_KAFKA` is handed out instead when it is named there and nothing special is asked for.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaBroker> {
  const external = process.env.RETAKE_TEST_KAFKA
  if (external && Object.keys(options).length === 0) {
    return brokerAt(
      { bootstrap: external, saslBootstrap: undefined, tls: undefined, secured: undefined },
      foreignControl('RETAKE_TEST_KAFKA'),
    )
  }
  const { java, classPath } = await mustHave('Kafka', kafkaAvailability())
  const ports: Ports = {
    plain: await freePort(),
    controller: await freePort(),
    sasl: options.sasl === undefined ? undefined : await freePort(),
    tls: options.tls ? await freePort() : undefined,
    secured: options.secured && { sasl: await freePort(), mutual: await freePort() },
  }
  const { host = THIS_HOST } = options
  const { address } = host
  const bootstrap = `${address}:${ports.plain}`
  const heapMb = options.heapMb ?? 384
  const quick = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', classPath]
  const server = new ServerProcess('kafka', () => ({
    host,
    name: `Kafka ${KAFKA_VERSION}`,
    program: java,
    args: [
      '-Xms128m',
      `-Xmx${heapMb}m`,
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      ...quick,
      'kafka.Kafka',
      properties,
    ],
    stopSignal: 'SIGTERM',
    abortSignal: 'SIGKILL',
  }))
  const properties = join(server.folder, 'server.properties')
  const isReady = async () => (await accepts(ports.plain, address)) && (await answersMetadata(bootstrap))
  let certificate: string | undefined

  try {
    if (ports.tls !== undefined) certificate = await makeCertificate(java, server.folder)
    writeFileSync(properties, propertiesOf(server.folder, address, ports, options))
    if (options.secured !== undefined) writeCertificates(server.folder, options.secured)
    const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties]
    const users = options.secured === undefined ? [] : scramUsersOf(options.secured)
    await mustRun(java, [...quick, ...format, ...users], { cwd: server.folder })
    await server.start(isReady)
  } catch (error) {
    await server.destroy()
    throw error
  }

  const listeners = {
    bootstrap,
    saslBootstrap: ports.sasl === undefined ? undefined : `${address}:${ports.sasl}`,
    tls: certificate === undefined ? undefined : { bootstrap: `${address}:${ports.tls}`, certificate },
    secured: ports.secured && {
      sasl: `localhost:${ports.secured.sasl}`,
      mutual: `localhost:${ports.secured.mutual}`,
    },
  }
  return brokerAt(listeners, controlOf(server, isReady))
}

function brokerAt(
  listeners: Pick<KafkaBroker, 'bootstrap' | 'saslBootstrap' | 'tls' | 'secured'>,
  control: ServerControl,
): KafkaBroker {
  const admin = <T>(use: (admin: Admin) => Promise<T>) => withAdmin(listeners.bootstrap, use)
  return {
    ...control,
    get pid() {
      return control.pid
    },
    ...listeners,
    version: KAFKA_VERSION,
    admin,
    async createTopic(topic, { partitions = 4, config = {} } = {}) {
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value: String(value) }))
      const topics = [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }]
      await admin((client) => client.createTopics({ topics, waitForLeaders: true }))
    },
    async addPartitions(topic, partitions) {
      await admin(async (client) => {
        await client.createPartitions({ topicPartitions: [{ topic, count: partitions }] })
        const led = async () => (await client.fetchTopicOffsets(topic)).length === partitions
        await until(led, { what: `leaders for ${partitions} partitions of ${topic}` })
      })
    },
    async deleteRecords(topic, partition, offset) {
      const partitions = [{ partition, offset: String(offset) }]
      await admin(async (client) => {
        await client.fetchTopicOffsets(topic) // kafkajs deletes only from topics whose metadata it has loaded
        await client.deleteTopicRecords({ topic, partitions })
      })
    },
    async endOffsets(topic) {
      const offsets = await admin((client) => client.fetchTopicOffsets(topic))
      return offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => BigInt(high))
    },
  }
}

function propertiesOf(
  folder: string,
  address: string,
  ports: Ports,
  { sasl, secured, settings = {} }: KafkaOptions,
): string {
  const listeners = [`PLAINTEXT://${address}:${ports.plain}`]
  const more: Record<string, string | number | boolean> = {}
  if (sasl !== undefined) {
    listeners.push(`SASL_PLAINTEXT://${address}:${ports.sasl}`)
    const login = `username="${sasl.username}" password="${sasl.password}" user_${sasl.username}="${sasl.password}"`
    more['sasl.enabled.mechanisms'] = 'PLAIN'
    more['listener.name.sasl_plaintext.plain.sasl.jaas.config'] =
      `org.apache.kafka.common.security.plain.PlainLoginModule required ${login};`
  }
  if (ports.tls !== undefined) {
    listeners.push(`SSL://${address}:${ports.tls}`)
    more['ssl.keystore.type'] = 'PKCS12'
    more['ssl.keystore.location'] = join(folder, KEYSTORE)
    more['ssl.keystore.password'] = KEYSTORE_PASSWORD
  }
  const advertised = [...listeners]
  if (secured !== undefined && ports.secured !== undefined) {
    listeners.push(
      `SECURED://${address}:${ports.secured.sasl}`,
      `MUTUAL://${address}:${ports.secured.mutual}`,
    )
    advertised.push(`SECURED://localhost:${ports.secured.sasl}`, `MUTUAL://localhost:${ports.secured.mutual}`)
    Object.assign(more, securedProperties(folder, secured))
  }
  const all: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${address}:${ports.controller}`,
    listeners: [...listeners, `CONTROLLER://${address}:${ports.controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map':
      'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SECURED:SASL_SSL,MUTUAL:SSL',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A killed broker comes back only when the controller has given up on its former life.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'transaction.max.timeout.ms': 3_600_000,
    'log.cleaner.backoff.ms': 200,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    ...more,
    ...settings,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

const SERVER_PEM = 'server.pem'
const CLIENTS_PEM = 'clients.pem'

function writeCertificates(folder: string, { certificate, clientAuthority }: Security): void {
  writeFileSync(join(folder, SERVER_PEM), certificate.key + certificate.certificate, { mode: 0o600 })
  writeFileSync(join(folder, CLIENTS_PEM), clientAuthority)
}

/** SCRAM users live in the metadata log, so they are there from the format on. */
function scramUsersOf({ users, mechanisms }: Security): string[] {
  return mechanisms
    .filter((mechanism) => mechanism !== 'PLAIN')
    .flatMap((mechanism) =>
      Object.entries(users).flatMap(([name, password]) => [
        '--add-scram',
        `${mechanism}=[name=${name},password=${password}]`,
      ]),
    )
}

function securedProperties(folder: string, { users, mechanisms }: Security): Record<string, string> {
  const properties: Record<string, string> = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'listener.name.secured.sasl.enabled.mechanisms': mechanisms.join(','),
    'listener.name.mutual.ssl.client.auth': 'required',
    'listener.name.mutual.ssl.truststore.type': 'PEM',
    'listener.name.mutual.ssl.truststore.location': join(folder, CLIENTS_PEM),
  }
  for (const listener of ['secured', 'mutual']) {
    properties[`listener.name.${listener}.ssl.keystore.type`] = 'PEM'
    properties[`listener.name.${listener}.ssl.keystore.location`] = join(folder, SERVER_PEM)
  }
  const accounts = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`)
  for (const mechanism of mechanisms) {
    properties[`listener.name.secured.${mechanism.toLowerCase()}.sasl.jaas.config`] =
      mechanism === 'PLAIN'
        ? `org.apache.kafka.common.security.plain.PlainLoginModule required${accounts.join('')};`
        : 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  }
  return properties
}

async function withAdmin<T>(bootstrap: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const kafka = new Kafka({
    brokers: [bootstrap],
    clientId: 'retake-test-support',
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { retries: 5, initialRetryTime: 50, maxRetryTime: 500 },
  })
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

/** A broker that listens is not yet one that serves: it must be unfenced and know a controller. */
async function answersMetadata(bootstrap: string): Promise<boolean> {
  const { brokers, controller } = await withAdmin(bootstrap, (admin) => admin.describeCluster())
  return brokers.length === 1 && controller !== null
}

const KEYSTORE = 'keystore.p12'
const KEYSTORE_PASSWORD = 'retake-test'

async function makeCertificate(java: string, folder: string): Promise<string> {
  const keytool = java.replace(/java$/, 'keytool')
  const store = ['-keystore', join(folder, KEYSTORE), '-storetype', 'PKCS12', '-storepass', KEYSTORE_PASSWORD]
  const key = ['-alias', 'broker', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '30']
  const name = ['-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1,dns:localhost']
  await mustRun(keytool, ['-genkeypair', ...store, ...key, ...name], { cwd: folder })
  return mustRun(keytool, ['-exportcert', '-rfc', ...store, '-alias', 'broker'], { cwd: folder })
}

async function findKafka(): Promise<KafkaProgram> {
  const java = await findJava()
  const pom = join(PROJECT, 'test', 'support', 'kafka', 'pom.xml')
  const jars = await cached(`kafka-${KAFKA_VERSION}`, (folder) => fetchJars(pom, folder))
  return { java, classPath: join(jars, '*') }
}
