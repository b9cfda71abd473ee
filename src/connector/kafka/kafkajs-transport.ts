/// <reference path="./kafkajs-modules.d.ts" />
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import Cluster, { type Broker, type SocketRequest } from 'kafkajs/src/cluster/index.js'
import loggers from 'kafkajs/src/loggers/index.js'
import protocol from 'kafkajs/src/protocol/error.js'
import type { Logger } from '../../kit/logger.js'
import { faultOf, KafkaFault } from './kafka-fault.js'
import type { KafkaConnection } from './kafka-options.js'
import type {
  FetchedPartition,
  FetchRequest,
  Isolation,
  KafkaTransport,
  OffsetQuery,
  PartitionLeader,
} from './kafka-transport.js'
import { prepareKafkajs } from './kafkajs-internals.js'
import { fetchFrom, lenientMetadata, levelOf } from './kafkajs-requests.js'
import { saslOf } from './kafkajs-sasl.js'

/**
 * Kafka through kafkajs's cluster and brokers, below its consumer group: it frames and encodes requests, keeps the
 * connections, authenticates. What it would do by itself is switched off (retries) or replaced: the answer to a fetch is
 * decoded by us; metadata is told partition by partition (kafkajs refuses the whole topic while one partition has no
 * leader); what failed inside SASL is told as it was (kafkajs calls a connection lost in the middle of it a wrong
 * password).
 *
 * Requests other than fetches run one after another, because kafkajs opens a second socket for a connection that two
 * ask for at the same time, and forgets the first. Fetches have connections of their own (one a broker), so a long
 * poll delays nothing.
 */
export class KafkajsTransport implements KafkaTransport {
  readonly #cluster: Cluster
  readonly #sockets = new Map<Socket, string>()
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(connection: KafkaConnection, logger: Logger) {
    prepareKafkajs()
    this.#cluster = new Cluster({
      brokers: connection.brokers,
      clientId: connection.clientId,
      ssl: connection.tls,
      sasl: connection.sasl === undefined ? undefined : saslOf(connection.sasl),
      logger: loggers.createLogger({
        level: loggers.LEVELS.WARN,
        logCreator: () => (entry) => logger.debug({ kafkajs: entry.namespace }, entry.log.message),
      }),
      socketFactory: (request) => this.#open(request),
      connectionTimeout: connection.connectTimeoutMs,
      authenticationTimeout: connection.requestTimeoutMs,
      reauthenticationThreshold: 10_000,
      requestTimeout: connection.requestTimeoutMs,
      enforceRequestTimeout: true,
      metadataMaxAge: Number.POSITIVE_INFINITY,
      allowAutoTopicCreation: false,
      isolationLevel: 1,
      retry: { retries: 0 },
      offsets: new Map(),
    })
    const pool = this.#cluster.brokerPool
    const createBroker = pool.createBroker
    pool.createBroker = (options) => {
      const broker = createBroker(options)
      broker.metadata = (topics) => lenientMetadata(broker, topics)
      return broker
    }
  }

  metadata(topic: string): Promise<readonly PartitionLeader[]> {
    return this.#inTurn(async () => {
      this.#cluster.targetTopics.add(topic)
      await this.#cluster.refreshMetadata()
      const topics = this.#cluster.brokerPool.metadata?.topicMetadata ?? []
      const partitions = topics.find((each) => each.topic === topic)?.partitionMetadata ?? []
      return partitions
        .map(({ partitionId, leader }) => ({
          partition: partitionId,
          leader: leader < 0 ? undefined : leader,
        }))
        .sort((a, b) => a.partition - b.partition)
    })
  }

  async listOffsets(
    topic: string,
    partitions: readonly number[],
    when: OffsetQuery,
    isolation: Isolation,
  ): Promise<ReadonlyMap<number, number>> {
    const found = await this.#offsetsAt(topic, partitions, timestampOf(when), isolation)
    const beyond = partitions.filter((partition) => found.get(partition) === -1)
    if (beyond.length > 0) {
      const ends = await this.#offsetsAt(topic, beyond, timestampOf('latest'), isolation)
      for (const [partition, offset] of ends) found.set(partition, offset)
    }
    return found
  }

  async fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    const broker = await this.#broker(node)
    try {
      const response = await fetchFrom(broker, request)
      if (response.error !== 0) throw protocol.createErrorFromCode(response.error)
      return response.partitions.map((partition) => ({ ...partition, error: errorOf(partition.error) }))
    } catch (error) {
      throw await this.#faultAt(broker, error)
    }
  }

  commitGroup(
    group: string,
    topic: string,
    offsets: ReadonlyMap<number, number>,
    note: string,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const coordinator = await this.#coordinator(group)
      const partitions = [...offsets].map(([partition, offset]) => ({
        partition,
        offset: String(offset),
        metadata: note,
      }))
      await coordinator.offsetCommit({
        groupId: group,
        groupGenerationId: -1,
        memberId: '',
        topics: [{ topic, partitions }],
      })
    })
  }

  fetchGroup(
    group: string,
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, number>> {
    return this.#inTurn(async () => {
      const coordinator = await this.#coordinator(group)
      const asked = partitions.map((partition) => ({ partition }))
      const { responses } = await coordinator.offsetFetch({
        groupId: group,
        topics: [{ topic, partitions: asked }],
      })
      const committed = new Map<number, number>()
      for (const { partition, offset } of responses.flatMap((response) => response.partitions)) {
        if (Number(offset) >= 0) committed.set(partition, Number(offset))
      }
      return committed
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const socket of this.#sockets.keys()) socket.destroy(new Error('closed by us'))
    await this.#last.catch(() => {})
    await this.#cluster.disconnect().catch(() => {})
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  async #offsetsAt(
    topic: string,
    partitions: readonly number[],
    timestamp: number,
    isolation: Isolation,
  ): Promise<Map<number, number>> {
    const byLeader = new Map<number, number[]>()
    for (const { partition, leader } of await this.metadata(topic)) {
      if (!partitions.includes(partition)) continue
      if (leader === undefined) throw withoutLeader(topic, partition)
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition])
    }
    const offsets = new Map<number, number>()
    for (const [leader, led] of byLeader) {
      const { responses } = await this.#inTurn(async () => {
        const broker = await this.#cluster.findBroker({ nodeId: leader })
        const asked = led.map((partition) => ({ partition, timestamp }))
        return broker.listOffsets({
          isolationLevel: levelOf(isolation),
          topics: [{ topic, partitions: asked }],
        })
      })
      for (const response of responses) {
        for (const { partition, offset } of response.partitions) offsets.set(partition, Number(offset))
      }
    }
    return offsets
  }

  async #coordinator(group: string): Promise<Broker> {
    const any = await this.#cluster.brokerPool.findConnectedBroker()
    if (Object.keys(this.#cluster.brokerPool.brokers).length === 0) await this.#cluster.refreshMetadata()
    const { coordinator } = await any.findGroupCoordinator({ groupId: group, coordinatorType: 0 })
    return this.#cluster.findBroker({ nodeId: coordinator.nodeId })
  }

  /** The broker `node`, connected; a connected one is not kept waiting behind other requests. */
  #broker(node: number): Promise<Broker> {
    const known = this.#cluster.brokerPool.brokers[node]
    if (known?.isConnected() && !this.#closed) return Promise.resolve(known)
    return this.#inTurn(() => this.#cluster.findBroker({ nodeId: node }))
  }

  #inTurn<T>(request: () => Promise<T>): Promise<T> {
    const turn = this.#last
      .catch(() => {})
      .then(() => {
        if (this.#closed) throw new KafkaFault('unavailable', 'CLOSED', 'the connection was closed')
        return request()
      })
      .catch((error: unknown) => {
        throw faultOf(error)
      })
    this.#last = turn.catch(() => {})
    return turn
  }

  /**
   * A fetch that was not answered in time: its connection may be dead without having said so (a frozen broker, a cut
   * cable), so the next one gets a new connection.
   */
  async #faultAt(broker: Broker, error: unknown): Promise<Error> {
    const name = (error as Error | undefined)?.name
    if (name === 'KafkaJSRequestTimeoutError') this.#cut(broker)
    if (name === 'KafkaJSConnectionClosedError') await broker.disconnect().catch(() => {})
    return faultOf(error)
  }

  #cut({ connectionPool: { host, port } }: Broker): void {
    for (const [socket, address] of this.#sockets) {
      if (address === `${host}:${port}`) socket.destroy(new Error('no answer in time'))
    }
  }

  /** As kafkajs opens sockets, but remembered, so that they can be ended at once. */
  #open({ host, port, ssl, onConnect }: SocketRequest): Socket {
    if (this.#closed) throw new Error('closed by us')
    const server = isIP(host) ? {} : { servername: host }
    const socket =
      ssl === undefined || ssl === null
        ? connectPlain({ host, port }, onConnect)
        : connectTls({ host, port, ...server, ...ssl }, onConnect)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.#sockets.set(socket, `${host}:${port}`)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }
}

const KEEP_ALIVE_MS = 30_000
function errorOf(code: number): KafkaFault | undefined {
  if (code === 0) return undefined
  const fault = faultOf(protocol.createErrorFromCode(code))
  return fault instanceof KafkaFault ? fault : undefined
}

function timestampOf(when: OffsetQuery): number {
  if (when === 'earliest') return -2
  return when === 'latest' ? -1 : when.timestamp
}

function withoutLeader(topic: string, partition: number): KafkaFault {
  return new KafkaFault(
    'unavailable',
    'LEADER_NOT_AVAILABLE',
    `partition ${partition} of ${topic} has no leader`,
  )
}
