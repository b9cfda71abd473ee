import { damagedBytes } from './damaged-bytes.js'
import type { AbortedTransaction, Isolation } from './kafka-transport.js'
import {
  batchHeaderAt,
  batchRecords,
  isAbortMarker,
  type RecordBatchHeader,
  RecordCursor,
} from './record-batch-decoder.js'

/**
 * The bytes that one fetch brought for one partition, and which of its records count.
 *
 * Passed over, and the position with them: markers of transactions, records of aborted ones (read-committed), records
 * before the offset that was asked for (a batch is never cut at its front), holes that compaction left, whole batches
 * that it emptied. A transaction is aborted from its first offset to its marker; the list of the answer gives the
 * first, the log the second. Only a *control* batch can be a marker: a user's record may have the same key bytes.
 *
 * Batches are opened one at a time, when the reader comes to them.
 */
export class RecordSet {
  readonly record: RecordCursor = new RecordCursor()
  /** Where the next fetch goes on: behind the last whole batch, or where this one began when it brought none. */
  readonly nextFetchOffset: number
  readonly bytes: number
  #set: Buffer
  readonly #fetchOffset: number
  readonly #isolation: Isolation
  /** By first offset, those not yet begun. */
  readonly #aborted: AbortedTransaction[]
  readonly #abortedProducers = new Set<bigint>()
  #at = 0
  #position: number
  #batchEnd: number

  constructor(
    set: Buffer,
    fetchOffset: number,
    isolation: Isolation,
    aborted: readonly AbortedTransaction[] = [],
  ) {
    this.#set = set
    this.bytes = set.length
    this.#fetchOffset = fetchOffset
    this.#position = fetchOffset
    this.#batchEnd = fetchOffset
    this.#isolation = isolation
    this.#aborted = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
    this.nextFetchOffset = endOf(set, fetchOffset)
  }

  /** The next offset, behind the record on which it stands and all that was passed over. */
  get position(): number {
    return this.#position
  }

  /** Moves to the next record that counts; false at the end of the set, its position then behind everything. */
  advance(): boolean {
    for (;;) {
      while (this.record.advance()) {
        if (this.record.offset < this.#fetchOffset) continue
        this.#position = this.record.offset + 1
        return true
      }
      this.#position = this.#batchEnd
      if (!this.#openBatch()) return false
    }
  }

  /** Goes to the next batch that may hold records; passes over others on the way. */
  #openBatch(): boolean {
    for (;;) {
      const header = batchHeaderAt(this.#set, this.#at)
      if (header === undefined) {
        this.record.clear()
        this.#set = EMPTY
        return false
      }
      const at = this.#at
      this.#at += header.bytes
      this.#batchEnd = Math.max(header.nextOffset, this.#fetchOffset)
      if (this.#counts(at, header)) {
        this.record.start(batchRecords(this.#set, at, header), header)
        return true
      }
      this.#position = this.#batchEnd
    }
  }

  #counts(at: number, header: RecordBatchHeader): boolean {
    if (this.#isolation === 'read-committed') this.#beginAborted(header.nextOffset)
    if (header.isControl) {
      if (this.#abortedProducers.has(header.producerId) && isAbortMarker(this.#set, at, header)) {
        this.#abortedProducers.delete(header.producerId)
      }
      return false
    }
    if (header.nextOffset <= this.#fetchOffset) return false
    return !(header.isTransactional && this.#abortedProducers.has(header.producerId))
  }

  #beginAborted(before: number): void {
    while (this.#aborted.length > 0 && this.#aborted[0]!.firstOffset < before) {
      this.#abortedProducers.add(this.#aborted.shift()!.producerId)
    }
  }
}

const EMPTY = Buffer.alloc(0)

/** Throws RT1408 for batches that do not follow one another: a position never goes back. */
function endOf(set: Buffer, fetchOffset: number): number {
  let next = 0
  let at = 0
  for (let header = batchHeaderAt(set, at); header !== undefined; header = batchHeaderAt(set, at)) {
    if (header.baseOffset < next)
      throw damagedBytes(`a batch at offset ${header.baseOffset} stands behind one that ends at ${next}`)
    next = header.nextOffset
    at += header.bytes
  }
  return Math.max(next, fetchOffset)
}
