import type { KafkaFault } from '#src/connector/kafka/kafka-fault.js'
import type {
  FetchedPartition,
  FetchRequest,
  Isolation,
  KafkaTransport,
  OffsetQuery,
  PartitionLeader,
} from '#src/connector/kafka/kafka-transport.js'
import { assert } from '#src/kit/assert.js'
import { type Random, randomInteger } from '#src/kit/random.js'
import type { VirtualClock } from '#src/kit/virtual-clock.js'
import { PASSING, type PassingError, protocolFault } from './kafka-protocol-error.js'
import { SimulatedKafkaTransport } from './simulated-kafka-transport.js'
import {
  type KafkaRecord,
  type Leftover,
  type RecordToAppend,
  SimulatedPartition,
} from './simulated-partition.js'
import type { Trace } from './trace.js'
import { type Caller, type Conditions, Wire } from './wire.js'

export interface SimulatedKafkaOptions {
  readonly clock: VirtualClock
  readonly random: Random
  readonly trace: Trace
  readonly brokers?: number
}

/** A value alone, without a key, is of now. */
export type RecordGiven = string | ({ readonly value: string | null } & Partial<RecordToAppend>)

/** Batches of one producer over all partitions of a topic: read-committed readers see all of them or none. */
export interface SimulatedTransaction {
  append(partition: number, records: readonly RecordGiven[]): void
  end(end: 'commit' | 'abort'): void
}

/** What a broker does with a fetch: it answers, or keeps it until there is something to say. */
export type FetchOutcome =
  | { readonly kind: 'answered'; readonly partitions: readonly FetchedPartition[] }
  | { readonly kind: 'waiting'; readonly over: Promise<void> }

interface WaitingFetch {
  readonly broker: number
  readonly request: FetchRequest
  readonly wake: () => void
}

/**
 * A Kafka cluster of one process: the real source reads it over `transport()`, tests and workloads write it directly.
 *
 *     yours                                   the brokers'
 *     append, transaction, skipOffsets        partitions as logs of real record batches
 *     addPartition, deleteRecords             metadata, offsets by time, committed group offsets
 *     moveLeader, failOver, refuse,           fetches: long polls, whole first batch, cut answers,
 *     partitionErrors, conditionsOf           errors by partition
 *
 * What is appended is on all replicas at once and never lost; whoever leads a partition answers for it, and nobody else.
 */
export class SimulatedKafka {
  /** No answer to a fetch is larger: a small one makes a topic last. */
  answerBytesMax = Number.POSITIVE_INFINITY
  /** Share of the partitions in answers for which the broker names an error that passes. */
  partitionErrors = 0
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #trace: Trace
  /** By broker, from 1 on as Kafka's ids mostly are. */
  readonly #wires = new Map<number, Wire>()
  readonly #topics = new Map<string, SimulatedPartition[]>()
  /** By `topic-partition`: what the next requests are told. */
  readonly #refusals = new Map<string, PassingError[]>()
  /** By group, then topic and partition. */
  readonly #committed = new Map<string, Map<string, Map<number, number>>>()
  readonly #waiting = new Set<WaitingFetch>()
  #producers = 0n

  constructor({ clock, random, trace, brokers = 2 }: SimulatedKafkaOptions) {
    this.#clock = clock
    this.#random = random
    this.#trace = trace
    for (let broker = 1; broker <= brokers; broker++) this.#wires.set(broker, new Wire(clock, random))
  }

  // What a world writes.

  /** Leaders are dealt out in turn. */
  createTopic(topic: string, partitions: number): void {
    assert(!this.#topics.has(topic), 'the topic is there already', { topic })
    this.#topics.set(topic, [])
    for (let i = 0; i < partitions; i++) this.addPartition(topic)
  }

  /** Its number. Readers find it when they look for it. */
  addPartition(topic: string): number {
    const partitions = this.#partitions(topic)
    const partition = partitions.length
    const brokers = this.brokers
    partitions.push(new SimulatedPartition(partition, brokers[partition % brokers.length]!))
    this.#trace.add('kafka', 'kafka added', splitOf(topic, partition))
    return partition
  }

  /** Appends one batch, and wakes the fetches that wait for it. */
  append(topic: string, partition: number, records: readonly RecordGiven[]): void {
    this.#log(topic, partition).append(this.#recordsOf(records))
    this.#onAppended(topic, partition)
  }

  transaction(topic: string): SimulatedTransaction {
    const producer = { id: ++this.#producers }
    const touched = new Set<number>()
    return {
      append: (partition, records) => {
        touched.add(partition)
        this.#log(topic, partition).append(this.#recordsOf(records), producer)
        this.#onAppended(topic, partition)
      },
      end: (end) => {
        for (const partition of touched) {
          this.#log(topic, partition).endTransaction(producer, end, this.#clock.wallTime())
          this.#onAppended(topic, partition)
        }
        touched.clear()
      },
    }
  }

  /** Leaves `count` offsets without records; 'nothing' shows when the next batch comes. */
  skipOffsets(topic: string, partition: number, count: number, leftover: Leftover = 'nothing'): void {
    const producer = { id: ++this.#producers }
    this.#log(topic, partition).skip(count, leftover, producer, this.#clock.wallTime())
    this.#trace.add('kafka', 'kafka skipped', `${splitOf(topic, partition)} ${count} leaving ${leftover}`)
    this.#wakeFetches(topic, partition)
  }

  /** As retention does: the partition begins at `before`. */
  deleteRecords(topic: string, partition: number, before: number): void {
    this.#log(topic, partition).deleteBefore(before)
    this.#wakeFetches(topic, partition)
  }

  // What goes wrong.

  get brokers(): readonly number[] {
    return [...this.#wires.keys()]
  }

  /** Of the way to `broker`: change them at any time. */
  conditionsOf(broker: number): Conditions {
    return this.wire(broker).conditions
  }

  /** Takes the partition from its leader; another broker leads it `electionMs` later, one that is up if there is one. */
  moveLeader(topic: string, partition: number, electionMs = 0): void {
    const log = this.#log(topic, partition)
    const before = log.leader
    if (before === undefined) return // an election is under way
    log.leader = undefined
    this.#trace.add('kafka', 'kafka led by none', splitOf(topic, partition))
    this.#wakeFetches(topic, partition)
    this.#clock.after(electionMs, () => {
      log.leader = this.#brokerAfter(before)
      this.#trace.add('kafka', 'kafka led by', `${splitOf(topic, partition)} ${nameOf(log.leader)}`)
    })
  }

  /** Moves every partition that `broker` leads. */
  failOver(broker: number, electionMs = 0): void {
    for (const [topic, partitions] of this.#topics) {
      for (const { partition, leader } of partitions) {
        if (leader === broker) this.moveLeader(topic, partition, electionMs)
      }
    }
  }

  /** The next `times` that a broker is asked for the partition's records, it names `error` instead. */
  refuse(topic: string, partition: number, error: PassingError, times = 1): void {
    const split = splitOf(topic, partition)
    const refusals = this.#refusals.get(split) ?? []
    this.#refusals.set(split, refusals)
    for (let i = 0; i < times; i++) refusals.push(error)
    this.#wakeFetches(topic, partition)
  }

  // What there is to compare with.

  /** By partition and offset, those that count: neither of aborted transactions nor of open ones. */
  records(topic: string): readonly KafkaRecord[] {
    return this.#partitions(topic).flatMap((log) => log.committedRecords())
  }

  /** Behind everything in the partition's log. */
  endOffset(topic: string, partition: number): number {
    return this.#log(topic, partition).end
  }

  leaderOf(topic: string, partition: number): number | undefined {
    return this.#log(topic, partition).leader
  }

  committedOffsets(group: string, topic: string): ReadonlyMap<number, number> {
    return this.#committed.get(group)?.get(topic) ?? new Map()
  }

  // What brokers do with the requests that arrive.

  /** A client of its own, as each enumerator and each reader has one. */
  transport(caller: Caller): KafkaTransport {
    return new SimulatedKafkaTransport(this, caller, this.#trace)
  }

  wire(broker: number): Wire {
    const wire = this.#wires.get(broker)
    assert(wire !== undefined, 'there is no such broker', { broker })
    return wire
  }

  /** Where the offsets of groups are kept. */
  get groupCoordinator(): number {
    return this.#brokerAfter(0)
  }

  metadata(topic: string): readonly PartitionLeader[] {
    const partitions = this.#topics.get(topic)
    if (partitions === undefined) throw protocolFault('UNKNOWN_TOPIC_OR_PARTITION')
    return partitions.map(({ partition, leader }) => ({ partition, leader }))
  }

  /** One error refuses the whole request, as kafkajs tells it. */
  listOffsets(
    broker: number,
    topic: string,
    partitions: readonly number[],
    when: OffsetQuery,
    isolation: Isolation,
  ): ReadonlyMap<number, number> {
    return new Map(
      partitions.map((partition) => {
        const log = this.#topics.get(topic)?.[partition]
        if (log === undefined) throw protocolFault('UNKNOWN_TOPIC_OR_PARTITION')
        if (log.leader !== broker) throw protocolFault('NOT_LEADER_FOR_PARTITION')
        return [partition, log.offsetAt(when, isolation)]
      }),
    )
  }

  fetch(caller: string, broker: number, request: FetchRequest): FetchOutcome {
    if (this.#hasEnough(broker, request)) {
      return { kind: 'answered', partitions: this.fetchNow(caller, broker, request) }
    }
    const over = new Promise<void>((resolve) => {
      const wake = () => {
        cancel()
        this.#waiting.delete(waiting)
        resolve()
      }
      const waiting: WaitingFetch = { broker, request, wake }
      const cancel = this.#clock.after(request.maxWaitMs, wake)
      this.#waiting.add(waiting)
    })
    return { kind: 'waiting', over }
  }

  /** The answer to a fetch whose time has come, whatever there is. */
  fetchNow(caller: string, broker: number, request: FetchRequest): readonly FetchedPartition[] {
    let left = Math.min(request.maxBytes, this.answerBytesMax)
    let isEmpty = true
    const answer = request.partitions.map(({ partition, offset }): FetchedPartition => {
      const log = this.#topics.get(request.topic)?.[partition]
      const error = this.#errorOf(log, broker, request, partition, offset)
      if (error !== undefined || log === undefined) {
        this.#trace.add('kafka', 'kafka refused', `${splitOf(request.topic, partition)} ${caller} ${error}`)
        return refused(partition, protocolFault(error ?? 'UNKNOWN_TOPIC_OR_PARTITION'))
      }
      const { isolation, maxPartitionBytes } = request
      const bytesMax = Math.min(left, maxPartitionBytes)
      const { bytes, aborted } = log.slice({ offset, isolation, bytesMax, isFirstInAnswer: isEmpty })
      left = Math.max(0, left - bytes.length)
      if (bytes.length > 0) isEmpty = false
      const { end: highWatermark, lastStableOffset } = log
      return { partition, error: undefined, highWatermark, lastStableOffset, aborted, records: bytes }
    })
    this.#traceFetched(caller, broker, request, answer)
    return answer
  }

  commitGroup(group: string, topic: string, offsets: ReadonlyMap<number, number>, note: string): void {
    const topics = this.#committed.get(group) ?? new Map<string, Map<number, number>>()
    this.#committed.set(group, topics)
    topics.set(topic, new Map([...(topics.get(topic) ?? []), ...offsets]))
    const text = [...offsets].map(([partition, offset]) => `${splitOf(topic, partition)}@${offset}`)
    this.#trace.add('kafka', 'kafka committed', `${group} ${note} ${text.join(' ')}`)
  }

  #recordsOf(given: readonly RecordGiven[]): readonly RecordToAppend[] {
    return given.map((each) => {
      const { key = null, value, timestamp = this.#clock.wallTime() } = recordOf(each)
      return { key, value, timestamp }
    })
  }

  #onAppended(topic: string, partition: number): void {
    this.#trace.add(
      'kafka',
      'kafka appended',
      `${splitOf(topic, partition)} to ${this.endOffset(topic, partition)}`,
    )
    this.#wakeFetches(topic, partition)
  }

  #wakeFetches(topic: string, partition: number): void {
    for (const { broker, request, wake } of [...this.#waiting]) {
      const isAbout =
        request.topic === topic && request.partitions.some((each) => each.partition === partition)
      if (isAbout && this.#hasEnough(broker, request)) wake()
    }
  }

  /** Whether there is something to say: bytes enough, or an error. Draws nothing. */
  #hasEnough(broker: number, { topic, partitions, isolation, minBytes }: FetchRequest): boolean {
    let bytes = 0
    for (const { partition, offset } of partitions) {
      const log = this.#topics.get(topic)?.[partition]
      if (log === undefined || this.#lastingErrorOf(log, broker, offset) !== undefined) return true
      if (this.#refusals.get(splitOf(topic, partition))?.length) return true
      bytes += log.slice({ offset, isolation, bytesMax: minBytes, isFirstInAnswer: true }).bytes.length
      if (bytes >= minBytes) return true
    }
    return false
  }

  #errorOf(
    log: SimulatedPartition | undefined,
    broker: number,
    { topic }: FetchRequest,
    partition: number,
    offset: number,
  ): PassingError | undefined {
    if (log === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
    const said = this.#refusals.get(splitOf(topic, partition))?.shift()
    if (said !== undefined) return said
    if (this.partitionErrors > 0 && this.#random.next() < this.partitionErrors) {
      return PASSING[randomInteger(this.#random, PASSING.length)]!
    }
    return this.#lastingErrorOf(log, broker, offset)
  }

  #lastingErrorOf(log: SimulatedPartition, broker: number, offset: number): PassingError | undefined {
    if (log.leader !== broker) return 'NOT_LEADER_FOR_PARTITION'
    return offset < log.earliest || offset > log.end ? 'OFFSET_OUT_OF_RANGE' : undefined
  }

  #traceFetched(
    caller: string,
    broker: number,
    { topic, partitions }: FetchRequest,
    answer: readonly FetchedPartition[],
  ): void {
    const bytes = answer.reduce((sum, { records }) => sum + records.length, 0)
    if (bytes === 0) return this.#trace.add('kafka', 'kafka fetched none', `${caller} of ${nameOf(broker)}`)
    if (!this.#trace.isRead) return this.#trace.add('kafka', 'kafka fetched')
    const text = answer.map(({ partition, records }, i) =>
      records.length === 0
        ? ''
        : ` ${splitOf(topic, partition)}@${partitions[i]!.offset} ${records.length} bytes`,
    )
    this.#trace.add('kafka', 'kafka fetched', `${caller} of ${nameOf(broker)}${text.join('')}`)
  }

  /** The next broker that is up, in a ring; the next one when none is. */
  #brokerAfter(broker: number): number {
    const { brokers } = this
    const ring = brokers.map((_, i) => brokers[(broker + i) % brokers.length]!)
    return ring.find((each) => !this.conditionsOf(each).isDown) ?? ring[0]!
  }

  #partitions(topic: string): SimulatedPartition[] {
    const partitions = this.#topics.get(topic)
    assert(partitions !== undefined, 'there is no such topic', { topic })
    return partitions
  }

  #log(topic: string, partition: number): SimulatedPartition {
    const log = this.#partitions(topic)[partition]
    assert(log !== undefined, 'there is no such partition', { topic, partition })
    return log
  }
}

function refused(partition: number, error: KafkaFault): FetchedPartition {
  const none = { highWatermark: -1, lastStableOffset: -1, aborted: [], records: Buffer.alloc(0) }
  return { partition, error, ...none }
}

function recordOf(given: RecordGiven): Exclude<RecordGiven, string> {
  return typeof given === 'string' ? { value: given } : given
}

function splitOf(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

function nameOf(broker: number): string {
  return `broker-${broker}`
}
