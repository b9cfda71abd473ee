import { damagedBytes } from './damaged-bytes.js'
import type { AbortedTransaction, FetchedPartition } from './kafka-transport.js'

/**
 * Reads the answer to a fetch, versions 4 to 11, down to the raw bytes of each partition's records.
 *
 * kafkajs's own decoder opens the records at once, drops the headers of their batches (so positions cannot move over
 * what was compacted away) and checks nothing; ours stops where `record-set.ts` begins.
 *
 *     throttle i32 · [v7: error i16, session i32] · topics [ name · partitions [
 *       partition i32 · error i16 · high watermark i64 · last stable i64 · [v5: log start i64]
 *       · aborted [ producer i64 · first offset i64 ] · [v11: preferred replica i32] · records bytes ] ]
 *
 * Throws RT1408 for an answer that ends before it should.
 */
export interface FetchResponse {
  readonly throttleMs: number
  readonly error: number
  readonly partitions: readonly (Omit<FetchedPartition, 'error'> & { readonly error: number })[]
}

export const FETCH_VERSIONS = { oldest: 4, newest: 11 } as const

export function decodeFetchResponse(payload: Buffer, version: number): FetchResponse {
  const reader = new Reader(payload)
  const throttleMs = reader.int32()
  const error = version >= 7 ? reader.int16() : 0
  if (version >= 7) reader.int32()
  const partitions: FetchResponse['partitions'][number][] = []
  for (let topics = reader.int32(); topics > 0; topics--) {
    reader.string()
    for (let left = reader.int32(); left > 0; left--) partitions.push(partitionOf(reader, version))
  }
  return { throttleMs, error, partitions }
}

function partitionOf(reader: Reader, version: number): FetchResponse['partitions'][number] {
  const partition = reader.int32()
  const error = reader.int16()
  const highWatermark = reader.int64()
  const lastStableOffset = reader.int64()
  if (version >= 5) reader.int64()
  const aborted: AbortedTransaction[] = []
  for (let left = reader.int32(); left > 0; left--) {
    aborted.push({ producerId: reader.bigInt64(), firstOffset: reader.int64() })
  }
  if (version >= 11) reader.int32()
  return { partition, error, highWatermark, lastStableOffset, aborted, records: reader.bytes() }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  bigInt64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  int64(): number {
    return Number(this.bigInt64())
  }

  string(): string {
    const length = Math.max(0, this.int16())
    return this.#bytes.toString('utf8', this.#take(length), this.#at)
  }

  bytes(): Buffer {
    const length = Math.max(0, this.int32())
    return this.#bytes.subarray(this.#take(length), this.#at)
  }

  /** Where the next `length` bytes begin. */
  #take(length: number): number {
    const start = this.#at
    this.#at += length
    if (this.#at > this.#bytes.length)
      throw damagedBytes(`the answer to a fetch has ${this.#bytes.length} bytes, and speaks of ${this.#at}`)
    return start
  }
}
