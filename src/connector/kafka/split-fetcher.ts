import type { Cancel, Clock } from '../../kit/clock.js'
import { RetakeError } from '../../kit/errors.js'
import { LIMITS } from '../../kit/limits.js'
import type { Logger } from '../../kit/logger.js'
import { backoffMs } from './backoff.js'
import { faultOf, KafkaFault, retakeErrorOf } from './kafka-fault.js'
import type { KafkaSourceOptions } from './kafka-options.js'
import type { FetchedAnswer, KafkaSplit } from './kafka-split.js'
import type { FetchedPartition, KafkaTransport } from './kafka-transport.js'
import { RecordSet } from './record-set.js'

export interface SplitFetcherListener {
  /** Some split has something to read. */
  fetched(): void
  failed(error: RetakeError): void
}

/**
 * Keeps the splits of one reader supplied: one fetch at a time to each broker, for all its partitions together.
 *
 * A broker is asked again while at most one of its answers is not read to the end: one is being read, one is fetched
 * ahead, and then nothing more until the reader has gone on. So memory is bounded by two answers a broker, however long
 * nobody polls, and no partition is fetched at the cost of another: whoever is in the answer shares its end.
 *
 * A partition belongs to the broker that leads it, as far as is known. When a broker is gone or says that it does not
 * lead, its partitions have no leader until metadata names one: asked again and again with growing pauses, for as long
 * as it takes, from the same position. The others go on meanwhile. Only what reading again cannot cure fails the reader:
 * so does a topic that every answer of the brokers has called unknown for `LIMITS.kafkaMissingTopicMs`. It was deleted.
 */
export class SplitFetcher {
  readonly #transport: KafkaTransport
  readonly #options: Pick<KafkaSourceOptions, 'topic' | 'isolation' | 'fetch'>
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listener: SplitFetcherListener
  readonly #splits = new Map<number, KafkaSplit>()
  readonly #leaders = new Map<number, number>()
  readonly #underWay = new Set<number>()
  /** Answers that are not read to the end. */
  #answers: FetchedAnswer[] = []
  #lookup: 'none' | 'waiting' | 'under-way' = 'none'
  #cancelLookup: Cancel = () => {}
  /** Failures in a row, by broker; those of metadata under `METADATA`. */
  readonly #failures = new Map<number, number>()
  /** Since when metadata has known no such topic, without another answer in between. */
  #missingSinceMs: number | undefined
  #turn = 0
  #closed = false

  constructor(
    transport: KafkaTransport,
    options: Pick<KafkaSourceOptions, 'topic' | 'isolation' | 'fetch'>,
    clock: Clock,
    logger: Logger,
    listener: SplitFetcherListener,
  ) {
    this.#transport = transport
    this.#options = options
    this.#clock = clock
    this.#logger = logger
    this.#listener = listener
  }

  add(splits: readonly KafkaSplit[]): void {
    for (const split of splits) this.#splits.set(split.partition, split)
    this.pump()
  }

  /** Asks every broker that may be asked: call it when something was read. */
  pump(): void {
    if (this.#closed) return
    this.#answers = this.#answers.filter((answer) => answer.unread > 0)
    const wanted = new Map<number, KafkaSplit[]>()
    for (const split of this.#splits.values()) {
      if (split.isFetched || split.isEnded || split.askedNode !== undefined) continue
      const leader = this.#leaders.get(split.partition)
      if (leader === undefined) this.#lookUpSoon()
      else if (this.#mayAsk(leader)) wanted.set(leader, [...(wanted.get(leader) ?? []), split])
    }
    for (const [node, splits] of wanted) this.#fetch(node, splits)
  }

  close(): Promise<void> {
    this.#closed = true
    this.#cancelLookup()
    return this.#transport.close()
  }

  #mayAsk(node: number): boolean {
    if (this.#underWay.has(node)) return false
    let unread = 0
    for (const answer of this.#answers) if (answer.node === node) unread++
    return unread <= 1
  }

  #fetch(node: number, splits: readonly KafkaSplit[]): void {
    // The broker fills its answer in this order until it is full: everyone comes first in turn.
    const first = this.#turn++ % splits.length
    const asked = [...splits.slice(first), ...splits.slice(0, first)]
    this.#underWay.add(node)
    for (const split of asked) split.askedNode = node
    const { topic, isolation, fetch } = this.#options
    const partitions = asked.map(({ partition, fetchOffset }) => ({ partition, offset: fetchOffset }))
    const settled = (then: () => void) => {
      this.#underWay.delete(node)
      for (const split of asked) split.askedNode = undefined
      if (!this.#closed) then()
    }
    this.#transport.fetch(node, { topic, isolation, partitions, ...fetch }).then(
      (answer) => settled(() => this.#onAnswer(node, answer)),
      (error: unknown) => settled(() => this.#onFault(node, asked, error)),
    )
  }

  #onAnswer(node: number, partitions: readonly FetchedPartition[]): void {
    const answer: FetchedAnswer = { node, unread: 0 }
    let isWhole = true
    for (const partition of partitions) {
      const split = this.#splits.get(partition.partition)
      if (split === undefined) continue
      if (partition.error !== undefined) {
        isWhole = false
        this.#onFault(node, [split], partition.error)
      } else if (partition.records.length > 0) this.#take(split, partition, answer)
    }
    if (isWhole && this.#failures.delete(node)) {
      this.#logger.info({ topic: this.#options.topic, node }, 'Kafka answers again')
    }
    if (answer.unread > 0) this.#answers.push(answer)
    this.pump()
    if (answer.unread > 0) this.#listener.fetched()
  }

  #take(split: KafkaSplit, { records, aborted }: FetchedPartition, answer: FetchedAnswer): void {
    try {
      split.add(new RecordSet(records, split.fetchOffset, this.#options.isolation, aborted), answer)
    } catch (error) {
      this.#fail(error, split)
    }
  }

  #onFault(node: number, splits: readonly KafkaSplit[], error: unknown): void {
    const fault = faultOf(error)
    const [split] = splits
    if (split === undefined) return
    if (fault instanceof RetakeError) this.#fail(fault, split)
    else if (isPassing(fault)) {
      for (const { partition } of splits) this.#leaders.delete(partition)
      this.#lookUpLater(node, fault)
    } else if (fault.kind === 'out-of-range') this.#onOutOfRange(node, split)
    else this.#fail(fault, split)
  }

  /** Finds out whether retention has overtaken us, or the log is another one, or the broker has moved on since. */
  #onOutOfRange(node: number, split: KafkaSplit): void {
    const { topic } = this.#options
    const at = split.fetchOffset
    const list = (when: 'earliest' | 'latest') =>
      this.#transport.listOffsets(topic, [split.partition], when, 'read-uncommitted')
    split.askedNode = OUT_OF_RANGE
    const settled = (then: () => void) => {
      split.askedNode = undefined
      if (!this.#closed) then()
    }
    const decide = (earliest: number, latest: number) => {
      if (at < earliest || latest < at) {
        this.#listener.failed(outOfRange(topic, split.partition, at, earliest, latest))
      } else {
        const changing = new KafkaFault('unavailable', 'OFFSET_OUT_OF_RANGE', 'the log is changing')
        this.#onFault(node, [split], changing)
      }
    }
    Promise.all([list('earliest'), list('latest')]).then(
      ([first, last]) =>
        settled(() => decide(first.get(split.partition) ?? at, last.get(split.partition) ?? at)),
      (error: unknown) => settled(() => this.#onFault(node, [split], error)),
    )
  }

  #lookUpSoon(): void {
    if (this.#lookup === 'none') this.#lookUp()
  }

  #lookUpLater(node: number, fault: KafkaFault): void {
    const failures = (this.#failures.get(node) ?? 0) + 1
    this.#failures.set(node, failures)
    if (this.#lookup === 'waiting') return
    const delayMs = backoffMs(failures)
    this.#logger.warn(
      { topic: this.#options.topic, node, code: fault.code, failures, delayMs },
      `Kafka: ${fault.message}; the leaders are asked for again`,
    )
    this.#lookup = 'waiting'
    this.#cancelLookup = this.#clock.after(delayMs, () => this.#lookUp())
  }

  #lookUp(): void {
    this.#lookup = 'under-way'
    this.#transport.metadata(this.#options.topic).then(
      (partitions) =>
        this.#onLeaders(new Map(partitions.map(({ partition, leader }) => [partition, leader]))),
      (error: unknown) => this.#onLookupFault(error),
    )
  }

  #onLeaders(leaders: ReadonlyMap<number, number | undefined>): void {
    if (this.#closed) return
    if (this.#lookup === 'under-way') this.#lookup = 'none'
    this.#missingSinceMs = undefined
    let without: number | undefined
    for (const partition of this.#splits.keys()) {
      const leader = leaders.get(partition)
      if (leader === undefined) without = partition
      else if (!this.#leaders.has(partition)) this.#leaders.set(partition, leader)
    }
    if (without === undefined) this.#failures.delete(METADATA)
    else {
      const text = `partition ${without} has no leader`
      this.#lookUpLater(METADATA, new KafkaFault('unavailable', 'LEADER_NOT_AVAILABLE', text))
    }
    this.pump()
  }

  #onLookupFault(error: unknown): void {
    if (this.#closed) return
    if (this.#lookup === 'under-way') this.#lookup = 'none'
    const fault = faultOf(error)
    const isMissing = fault instanceof KafkaFault && fault.kind === 'missing-topic'
    this.#missingSinceMs = isMissing ? (this.#missingSinceMs ?? this.#clock.now()) : undefined
    if (this.#hasBeenMissing()) this.#listener.failed(missingTopic(this.#options.topic, fault))
    else if (fault instanceof KafkaFault && isPassing(fault)) this.#lookUpLater(METADATA, fault)
    else this.#listener.failed(retakeErrorOf(fault, `reading topic ${this.#options.topic}`))
  }

  #hasBeenMissing(): boolean {
    const since = this.#missingSinceMs
    return since !== undefined && this.#clock.now() - since >= LIMITS.kafkaMissingTopicMs
  }

  #fail(error: unknown, { partition }: KafkaSplit): void {
    this.#listener.failed(
      retakeErrorOf(error, `reading partition ${partition} of topic ${this.#options.topic}`),
    )
  }
}

/** Stands for the broker where failures of metadata are counted. */
const METADATA = -1

/** Whether time cures it: a topic that is there is missing while its brokers start or it moves. */
function isPassing({ kind }: KafkaFault): boolean {
  return kind === 'unavailable' || kind === 'missing-topic'
}

/** Stands for the broker that a split waits for while its log's range is asked for. */
const OUT_OF_RANGE = -1

function missingTopic(topic: string, cause: Error): RetakeError {
  return new RetakeError('RT1401', {
    what: `topic ${topic} is not there any more`,
    why: `the brokers have known no such topic for ${LIMITS.kafkaMissingTopicMs / 60_000} minutes: it was deleted, or they lost it`,
    fix: 'bring the topic back with its records and start again from the last checkpoint, or start a new run without one',
    cause,
  })
}

function outOfRange(
  topic: string,
  partition: number,
  position: number,
  earliest: number,
  latest: number,
): RetakeError {
  if (position < earliest) {
    return new RetakeError('RT1402', {
      what: `partition ${partition} of topic ${topic} is to be read from offset ${position}, but now begins at ${earliest}`,
      why: 'retention (or someone) deleted records that were not yet processed',
      fix: 'start a new run with start: "earliest" and accept the loss, or restore from a later checkpoint',
    })
  }
  return new RetakeError('RT1402', {
    what: `partition ${partition} of topic ${topic} is to be read from offset ${position}, but ends at ${latest}`,
    why: 'the topic was deleted and created again, or its brokers lost records',
    fix: 'start a new run with start: "earliest"; the state of this one counts records that are gone',
  })
}
