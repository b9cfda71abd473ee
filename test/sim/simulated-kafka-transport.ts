import { KafkaFault } from '#src/connector/kafka/kafka-fault.js'
import type {
  FetchedPartition,
  FetchRequest,
  Isolation,
  KafkaTransport,
  OffsetQuery,
  PartitionLeader,
} from '#src/connector/kafka/kafka-transport.js'
import { protocolFault } from './kafka-protocol-error.js'
import type { SimulatedKafka } from './simulated-kafka.js'
import { NO_OFFSET } from './simulated-partition.js'
import type { Trace } from './trace.js'
import { type Caller, Unanswered } from './wire.js'

/**
 * The client's end: which broker a request goes to, as `KafkajsTransport` decides it, over the wire of that broker.
 *
 * A fetch that waits at its broker crosses the wire twice: once to be kept there, and once more, when its time has come,
 * to be answered. So what becomes of the broker or of the way to it while it waits is met by the second.
 */
export class SimulatedKafkaTransport implements KafkaTransport {
  readonly #kafka: SimulatedKafka
  readonly #caller: Caller
  readonly #trace: Trace
  /** Rejects what has not been answered. */
  readonly #underWay = new Set<(error: KafkaFault) => void>()
  /** Counts up when the broker that is asked for metadata does not answer: then another one is. */
  #bootstrap = 0
  #closed = false

  constructor(kafka: SimulatedKafka, caller: Caller, trace: Trace) {
    this.#kafka = kafka
    this.#caller = caller
    this.#trace = trace
  }

  metadata(topic: string): Promise<readonly PartitionLeader[]> {
    const { brokers } = this.#kafka
    const asked = this.#bootstrap
    const answer = this.#request(brokers[asked % brokers.length]!, () => this.#kafka.metadata(topic))
    return answer.catch((fault: unknown) => {
      if (fault instanceof KafkaFault && fault.code === LOST) this.#bootstrap = asked + 1
      throw fault
    })
  }

  async listOffsets(
    topic: string,
    partitions: readonly number[],
    when: OffsetQuery,
    isolation: Isolation,
  ): Promise<ReadonlyMap<number, number>> {
    const found = await this.#offsetsAt(topic, partitions, when, isolation)
    const beyond = partitions.filter((partition) => found.get(partition) === NO_OFFSET)
    if (beyond.length === 0) return found
    return new Map([...found, ...(await this.#offsetsAt(topic, beyond, 'latest', isolation))])
  }

  async fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    const { name } = this.#caller
    const outcome = await this.#request(node, () => this.#kafka.fetch(name, node, request))
    if (outcome.kind === 'answered') return outcome.partitions
    await this.#untilClosed(outcome.over)
    return this.#request(node, () => this.#kafka.fetchNow(name, node, request))
  }

  commitGroup(
    group: string,
    topic: string,
    offsets: ReadonlyMap<number, number>,
    note: string,
  ): Promise<void> {
    const committed = new Map(offsets)
    return this.#request(this.#kafka.groupCoordinator, () =>
      this.#kafka.commitGroup(group, topic, committed, note),
    )
  }

  fetchGroup(
    group: string,
    topic: string,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, number>> {
    return this.#request(this.#kafka.groupCoordinator, () => {
      const committed = this.#kafka.committedOffsets(group, topic)
      return new Map([...committed].filter(([partition]) => partitions.includes(partition)))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const reject of this.#underWay) reject(closed())
    this.#underWay.clear()
  }

  async #offsetsAt(
    topic: string,
    partitions: readonly number[],
    when: OffsetQuery,
    isolation: Isolation,
  ): Promise<ReadonlyMap<number, number>> {
    const byLeader = new Map<number, number[]>()
    for (const { partition, leader } of await this.metadata(topic)) {
      if (!partitions.includes(partition)) continue
      if (leader === undefined) throw protocolFault('LEADER_NOT_AVAILABLE')
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition])
    }
    const offsets = new Map<number, number>()
    for (const [leader, led] of byLeader) {
      const answer = await this.#request(leader, () =>
        this.#kafka.listOffsets(leader, topic, led, when, isolation),
      )
      for (const [partition, offset] of answer) offsets.set(partition, offset)
    }
    return offsets
  }

  /** One request to `broker`, carried out by `run`. A connection that breaks tells nobody what became of it. */
  #request<T>(broker: number, run: () => T): Promise<T> {
    const answer = this.#closed
      ? Promise.reject(closed())
      : this.#kafka.wire(broker).request(this.#caller, run)
    return this.#untilClosed(answer).catch((error: unknown) => {
      if (!(error instanceof Unanswered)) throw error
      this.#trace.add(this.#caller.name, 'kafka lost', `broker-${broker}`)
      throw new KafkaFault('unavailable', LOST, `broker ${broker} does not answer`, error)
    })
  }

  #untilClosed<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject)
      const settled = () => this.#underWay.delete(reject)
      answer.then(
        (value) => {
          settled()
          resolve(value)
        },
        (error: unknown) => {
          settled()
          reject(error)
        },
      )
    })
  }
}

/** As kafkajs names a connection that ended while an answer was due. */
const LOST = 'KafkaJSConnectionClosedError'

function closed(): KafkaFault {
  return new KafkaFault('unavailable', 'CLOSED', 'the connection was closed')
}
