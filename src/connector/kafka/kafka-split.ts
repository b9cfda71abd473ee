import type { KafkaPosition } from './kafka-position.js'
import type { RecordSet } from './record-set.js'

/** An answer to one fetch: counted until every record set that came with it is read. */
export interface FetchedAnswer {
  readonly node: number
  unread: number
}

interface Fetched {
  readonly records: RecordSet
  readonly answer: FetchedAnswer
}

/**
 * One partition in the hands of this reader: what is fetched of it and not yet read, in order, and its two positions.
 * `offset` is what a checkpoint records (next after what was emitted or passed over); `fetchOffset` runs ahead of it by
 * what waits here, and never counts.
 */
export class KafkaSplit {
  readonly partition: number
  readonly stop: number
  fetchOffset: number
  /** The broker that a fetch of this partition is under way to. */
  askedNode: number | undefined
  #offset: number
  readonly #fetched: Fetched[] = []

  constructor({ partition, offset, stop }: KafkaPosition) {
    this.partition = partition
    this.stop = stop ?? Number.POSITIVE_INFINITY
    this.#offset = offset
    this.fetchOffset = offset
  }

  get position(): KafkaPosition {
    return {
      partition: this.partition,
      offset: this.#offset,
      stop: Number.isFinite(this.stop) ? this.stop : null,
    }
  }

  get isEnded(): boolean {
    return this.#offset >= this.stop
  }

  get isFetched(): boolean {
    return this.fetchOffset >= this.stop
  }

  get hasFetched(): boolean {
    return this.#fetched.length > 0
  }

  /** Takes what a fetch brought; false when that was nothing. */
  add(records: RecordSet, answer: FetchedAnswer): boolean {
    if (records.nextFetchOffset <= this.fetchOffset) return false
    this.fetchOffset = records.nextFetchOffset
    answer.unread++
    this.#fetched.push({ records, answer })
    return true
  }

  /**
   * Moves to the next record to emit and returns the set that stands on it. The position moves only over what is passed
   * over; `passed()` moves it over the record itself, when that is emitted.
   */
  advance(): RecordSet | undefined {
    for (let head = this.#fetched[0]; head !== undefined; head = this.#fetched[0]) {
      const { records } = head
      if (records.advance() && records.record.offset < this.stop) return records
      this.#offset = Math.min(Math.max(this.#offset, records.position), this.stop)
      this.#drop(head)
      if (this.isEnded) this.#dropAll()
    }
    return undefined
  }

  /** The record on which it stands was emitted, or skipped by policy. */
  passed(records: RecordSet): void {
    this.#offset = records.record.offset + 1
  }

  #drop({ answer }: Fetched): void {
    answer.unread--
    this.#fetched.shift()
  }

  #dropAll(): void {
    for (let head = this.#fetched[0]; head !== undefined; head = this.#fetched[0]) this.#drop(head)
  }
}
