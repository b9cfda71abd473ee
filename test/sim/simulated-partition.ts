import type { AbortedTransaction, Isolation, OffsetQuery } from '#src/connector/kafka/kafka-transport.js'
import { assert } from '#src/kit/assert.js'
import { type BatchProducer, recordBatch, transactionMarker } from '../support/record-batch.js'

/** A record as the test wrote it. */
export interface KafkaRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  /** Milliseconds since 1970. */
  readonly timestamp: number
}

export type RecordToAppend = Pick<KafkaRecord, 'key' | 'value' | 'timestamp'>

/** What skipped offsets leave in the log: nothing, a marker for each, or one batch that compaction has emptied. */
export type Leftover = 'nothing' | 'markers' | 'emptied-batch'

/** What a fetch gets of one partition. */
export interface LogSlice {
  /** A copy, which may end inside a batch. */
  readonly bytes: Buffer
  readonly aborted: readonly AbortedTransaction[]
}

/** `bytesMax` does not hold for the first batch when the answer would be empty without it. */
export interface SliceRequest {
  readonly offset: number
  readonly isolation: Isolation
  readonly bytesMax: number
  readonly isFirstInAnswer: boolean
}

/** No record is as new as the time that was asked for. */
export const NO_OFFSET = -1

interface StoredBatch {
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly nextOffset: number
  /** Of a transaction, its marker too. */
  readonly producerId: bigint | undefined
  /** Neither those of a marker nor of a batch that holds none. */
  readonly records: readonly KafkaRecord[]
  /** `NEVER` where no search by time finds the batch. */
  readonly maxTimestamp: number
}

const NEVER = Number.NEGATIVE_INFINITY

/**
 * The log of one partition as its leader keeps it: record batches as bytes, whole transactions and holes in between.
 *
 * Read-committed readers see it up to the first record of the oldest open transaction (the last stable offset), and are
 * told which transactions were aborted; their records are in the bytes all the same, as in Kafka.
 */
export class SimulatedPartition {
  readonly partition: number
  /** Undefined while a new one is elected. */
  leader: number | undefined
  #earliest = 0
  #end = 0
  /** Offsets that the next batch leaves out: a log does not end in a hole that nothing shows. */
  #hole = 0
  readonly #batches: StoredBatch[] = []
  /** First offsets, by producer. */
  readonly #open = new Map<bigint, number>()
  readonly #aborted: (AbortedTransaction & { readonly markerOffset: number })[] = []

  constructor(partition: number, leader: number) {
    this.partition = partition
    this.leader = leader
  }

  get earliest(): number {
    return this.#earliest
  }

  /** The high watermark: every record is on all replicas at once. */
  get end(): number {
    return this.#end
  }

  get lastStableOffset(): number {
    return Math.min(this.#end, ...this.#open.values())
  }

  /** What a reader may see: all before it. */
  endFor(isolation: Isolation): number {
    return isolation === 'read-committed' ? this.lastStableOffset : this.#end
  }

  /** Appends one batch; one of a transaction when `producer` is given. */
  append(records: readonly RecordToAppend[], producer?: BatchProducer): void {
    assert(records.length > 0, 'a batch holds no record', { partition: this.partition })
    const baseOffset = this.#nextBase()
    const stored = records.map((record, i) => ({
      ...record,
      partition: this.partition,
      offset: baseOffset + i,
    }))
    const written = records.map(({ key, value, timestamp }) => ({
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      timestamp,
    }))
    const options = producer === undefined ? {} : { producer, isTransactional: true }
    if (producer !== undefined && !this.#open.has(producer.id)) this.#open.set(producer.id, baseOffset)
    this.#store({
      bytes: recordBatch(baseOffset, written, options),
      baseOffset,
      nextOffset: baseOffset + records.length,
      producerId: producer?.id,
      records: stored,
      maxTimestamp: Math.max(...records.map(({ timestamp }) => timestamp)),
    })
  }

  endTransaction(producer: BatchProducer, end: 'commit' | 'abort', timestamp: number): void {
    const firstOffset = this.#open.get(producer.id)
    assert(firstOffset !== undefined, 'no such transaction is open', { producer: producer.id })
    this.#open.delete(producer.id)
    const markerOffset = this.#mark(producer, end, timestamp)
    if (end === 'abort') this.#aborted.push({ producerId: producer.id, firstOffset, markerOffset })
  }

  /** Leaves `count` offsets without records. */
  skip(count: number, leftover: Leftover, producer: BatchProducer, timestamp: number): void {
    if (leftover === 'nothing') {
      this.#hole += count
      return
    }
    if (leftover === 'markers') {
      for (let i = 0; i < count; i++) this.#mark(producer, 'commit', timestamp)
      return
    }
    const baseOffset = this.#nextBase()
    const nextOffset = baseOffset + count
    this.#store({
      bytes: recordBatch(baseOffset, [], { nextOffset, maxTimestamp: timestamp }),
      baseOffset,
      nextOffset,
      producerId: undefined,
      records: [],
      maxTimestamp: NEVER,
    })
  }

  /** As retention does: what is before `offset` is gone. */
  deleteBefore(offset: number): void {
    this.#earliest = Math.min(this.#end, Math.max(this.#earliest, offset))
  }

  slice({ offset, isolation, bytesMax, isFirstInAnswer }: SliceRequest): LogSlice {
    const end = this.endFor(isolation)
    const batches: Buffer[] = []
    let bytes = 0
    let behind = offset
    for (let i = this.#indexAt(offset); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!
      if (batch.baseOffset >= end || bytes >= limit(batches, bytesMax, isFirstInAnswer)) break
      batches.push(batch.bytes)
      bytes += batch.bytes.length
      behind = batch.nextOffset
    }
    const [first] = batches
    const cut = Math.min(bytes, limit(batches, bytesMax, isFirstInAnswer))
    // Kafka answers with nothing rather than with a part of the first batch.
    if (first === undefined || cut < first.length) return { bytes: Buffer.alloc(0), aborted: [] }
    const aborted = this.#aborted.filter(
      ({ firstOffset, markerOffset }) => markerOffset >= offset && firstOffset < behind,
    )
    return {
      bytes: Buffer.concat(batches, cut),
      aborted:
        isolation === 'read-committed'
          ? aborted.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
          : [],
    }
  }

  offsetAt(when: OffsetQuery, isolation: Isolation): number {
    if (when === 'earliest') return this.#earliest
    if (when === 'latest') return this.endFor(isolation)
    const offset = this.#firstAt(when.timestamp)
    return offset < this.endFor(isolation) ? offset : NO_OFFSET
  }

  /** Everything that a read-committed reader is to see, once no transaction is open. */
  committedRecords(): readonly KafkaRecord[] {
    return this.#batches.filter((batch) => this.#isCommitted(batch)).flatMap(({ records }) => records)
  }

  #nextBase(): number {
    const base = this.#end + this.#hole
    this.#hole = 0
    return base
  }

  #mark(producer: BatchProducer, end: 'commit' | 'abort', timestamp: number): number {
    const offset = this.#nextBase()
    this.#store({
      bytes: transactionMarker(offset, timestamp, producer, end),
      baseOffset: offset,
      nextOffset: offset + 1,
      producerId: producer.id,
      records: [],
      maxTimestamp: timestamp,
    })
    return offset
  }

  #store(batch: StoredBatch): void {
    this.#batches.push(batch)
    this.#end = batch.nextOffset
  }

  /** The first batch that reaches behind `offset`. */
  #indexAt(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.nextOffset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #firstAt(timestamp: number): number {
    for (let i = this.#indexAt(this.#earliest); i < this.#batches.length; i++) {
      const { records, baseOffset, maxTimestamp } = this.#batches[i]!
      if (maxTimestamp < timestamp) continue
      if (records.length === 0) return baseOffset
      const found = records.find((record) => record.timestamp >= timestamp && record.offset >= this.#earliest)
      if (found !== undefined) return found.offset
    }
    return Number.POSITIVE_INFINITY
  }

  #isCommitted({ producerId, baseOffset }: StoredBatch): boolean {
    if (producerId === undefined) return true
    const openAt = this.#open.get(producerId) ?? Number.POSITIVE_INFINITY
    if (baseOffset >= openAt) return false
    return !this.#aborted.some(
      (each) =>
        each.producerId === producerId && each.firstOffset <= baseOffset && baseOffset < each.markerOffset,
    )
  }
}

function limit([first]: readonly Buffer[], bytesMax: number, isFirstInAnswer: boolean): number {
  return isFirstInAnswer ? Math.max(bytesMax, first?.length ?? 1) : bytesMax
}
