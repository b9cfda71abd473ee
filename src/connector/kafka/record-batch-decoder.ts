import { RetakeError } from '../../kit/errors.js'
import { decompressed } from './codec.js'
import { crc32c } from './crc32c.js'
import { damagedBytes } from './damaged-bytes.js'

/**
 * The header of a record batch (format 2, the only one that Kafka 4 keeps):
 *
 *     0 base offset i64 · 8 length i32 (of all that follows) · 12 leader epoch i32 · 16 magic i8 · 17 crc u32
 *     · 21 attributes i16 · 23 last offset delta i32 · 27 base time i64 · 35 max time i64 · 43 producer id i64
 *     · 51 producer epoch i16 · 53 base sequence i32 · 57 record count i32 · 61 records
 *
 * The offset behind a batch is base + last delta + 1, whatever compaction left inside.
 */
export interface RecordBatchHeader {
  readonly baseOffset: number
  readonly nextOffset: number
  /** Of the whole batch in its record set. */
  readonly bytes: number
  readonly codec: number
  readonly isTransactional: boolean
  /** It holds a marker (a transaction was committed or aborted), no user's records. */
  readonly isControl: boolean
  readonly baseTimestamp: number
  /** The broker's time counts for every record of the batch: this one. */
  readonly appendTimestamp: number | undefined
  readonly producerId: bigint
  readonly recordCount: number
}

const LENGTH_AT = 8
const LENGTH_END = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const RECORDS_AT = 61

const CODEC_BITS = 0b111
const APPEND_TIME_BIT = 0b1000
const TRANSACTIONAL_BIT = 0b1_0000
const CONTROL_BIT = 0b10_0000

/**
 * The header at `at`; undefined when the batch does not end in `set`: a broker may cut its answer anywhere. The checksum
 * does not cover where a batch says that it begins, so offsets are looked at here.
 */
export function batchHeaderAt(set: Buffer, at: number): RecordBatchHeader | undefined {
  if (at + LENGTH_END > set.length) return undefined
  const bytes = LENGTH_END + set.readInt32BE(at + LENGTH_AT)
  if (at + bytes > set.length) return undefined
  const magic = at + MAGIC_AT < set.length ? set.readInt8(at + MAGIC_AT) : -1
  if (magic === 0 || magic === 1) throw oldFormat(magic)
  if (magic !== 2 || bytes < RECORDS_AT) throw damagedBytes(`a batch of ${bytes} bytes has format ${magic}`)
  const baseOffset = Number(set.readBigInt64BE(at))
  const nextOffset = baseOffset + set.readInt32BE(at + 23) + 1
  const recordCount = set.readInt32BE(at + 57)
  if (baseOffset < 0 || nextOffset < baseOffset || !Number.isSafeInteger(nextOffset) || recordCount < 0)
    throw damagedBytes(`a batch of ${recordCount} records goes from offset ${baseOffset} to ${nextOffset}`)
  const attributes = set.readInt16BE(at + ATTRIBUTES_AT)
  return {
    baseOffset,
    nextOffset,
    bytes,
    codec: attributes & CODEC_BITS,
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    baseTimestamp: Number(set.readBigInt64BE(at + 27)),
    appendTimestamp: (attributes & APPEND_TIME_BIT) !== 0 ? Number(set.readBigInt64BE(at + 35)) : undefined,
    producerId: set.readBigInt64BE(at + 43),
    recordCount,
  }
}

/** The records of the batch at `at`, decompressed, their checksum compared. */
export function batchRecords(set: Buffer, at: number, header: RecordBatchHeader): Buffer {
  const end = at + header.bytes
  const said = set.readUInt32BE(at + CRC_AT)
  const is = crc32c(set, at + ATTRIBUTES_AT, end)
  if (said !== is) {
    throw damagedBytes(`the batch at offset ${header.baseOffset} has checksum ${is}, and says ${said}`)
  }
  try {
    return decompressed(header.codec, set.subarray(at + RECORDS_AT, end))
  } catch (cause) {
    if (cause instanceof RetakeError) throw cause
    throw damagedBytes(
      `the batch at offset ${header.baseOffset} cannot be decompressed: ${(cause as Error).message}`,
    )
  }
}

/** Whether a control batch ends its transaction as aborted. Its one record has the key: version i16, type i16. */
export function isAbortMarker(set: Buffer, at: number, header: RecordBatchHeader): boolean {
  if (!header.isControl || header.recordCount === 0) return false
  const record = new RecordCursor()
  record.start(batchRecords(set, at, header), header)
  record.advance()
  if (record.keyEnd - record.keyStart < 4)
    throw damagedBytes(`the marker at offset ${header.baseOffset} does not say how its transaction ended`)
  return record.bytes.readInt16BE(record.keyStart + 2) === 0
}

/**
 * Stands on one record of a batch after the other, without an object per record: what is to be known of the record is
 * in its fields, key and value as ranges of `bytes` (-1 where there is none).
 */
export class RecordCursor {
  bytes: Buffer = Buffer.alloc(0)
  offset = -1
  timestamp = -1
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  #headersAt = 0
  #at = 0
  #left = 0
  #baseOffset = 0
  /** The least offset that the next record may have, and the one behind the batch. */
  #leastOffset = 0
  #nextOffset = 0
  #baseTimestamp = 0
  #appendTimestamp: number | undefined = undefined

  start(bytes: Buffer, header: RecordBatchHeader): void {
    this.bytes = bytes
    this.#at = 0
    this.#left = header.recordCount
    this.#baseOffset = header.baseOffset
    this.#leastOffset = header.baseOffset
    this.#nextOffset = header.nextOffset
    this.#baseTimestamp = header.baseTimestamp
    this.#appendTimestamp = header.appendTimestamp
  }

  /** Moves to the next record; false when there is none. */
  advance(): boolean {
    if (this.#left === 0) return false
    const length = this.#varint()
    const end = this.#at + length
    if (length < 0 || end > this.bytes.length) {
      throw damagedBytes(`a record of the batch at offset ${this.#baseOffset} does not end in it`)
    }
    this.#left--
    this.#at++ // attributes, all unused
    const timestampDelta = this.#varlong()
    this.timestamp = this.#appendTimestamp ?? this.#baseTimestamp + timestampDelta
    this.offset = this.#baseOffset + this.#varint()
    if (this.offset < this.#leastOffset || this.offset >= this.#nextOffset)
      throw damagedBytes(`a record of the batch at offset ${this.#baseOffset} has offset ${this.offset}`)
    this.#leastOffset = this.offset + 1
    const keyLength = this.#varint()
    this.keyStart = keyLength < 0 ? -1 : this.#at
    if (keyLength > 0) this.#at += keyLength
    this.keyEnd = keyLength < 0 ? -1 : this.#at
    const valueLength = this.#varint()
    this.valueStart = valueLength < 0 ? -1 : this.#at
    if (valueLength > 0) this.#at += valueLength
    this.valueEnd = valueLength < 0 ? -1 : this.#at
    this.#headersAt = this.#at
    if (this.#at > end) throw damagedBytes(`the record at offset ${this.offset} overlaps the next one`)
    this.#at = end
    return true
  }

  /** Lets go of the batch's bytes, which may be most of what a fetch brought. */
  clear(): void {
    this.bytes = EMPTY
    this.#left = 0
  }

  /** The headers of the record on which it stands, copied. A name may come twice. Throws RT1408. */
  headers(): [name: string, value: Uint8Array | null][] {
    const end = this.#at
    this.#at = this.#headersAt
    const headers: [string, Uint8Array | null][] = []
    for (let left = this.#varint(); left !== 0; left--) {
      const name = this.#range(this.#varint(), end).toString()
      const length = this.#varint()
      headers.push([name, length < 0 ? null : new Uint8Array(this.#range(length, end))])
    }
    this.#at = end
    return headers
  }

  /** The next `length` bytes of a record that ends at `end`. */
  #range(length: number, end: number): Buffer {
    const start = this.#at
    this.#at += length
    if (length < 0 || this.#at > end)
      throw damagedBytes(`a header of the record at offset ${this.offset} does not end in it`)
    return this.bytes.subarray(start, this.#at)
  }

  #varint(): number {
    const bytes = this.bytes
    let byte = bytes[this.#at++] ?? 0
    let value = byte & 127
    for (let shift = 7; byte > 127 && shift < 35; shift += 7) {
      byte = bytes[this.#at++] ?? 0
      value |= (byte & 127) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }

  /** A zigzag number of up to 64 bits, exact while it is below 2^53: a time is. */
  #varlong(): number {
    const bytes = this.bytes
    let byte = bytes[this.#at++] ?? 0
    let value = byte & 127
    for (let scale = 128; byte > 127 && scale < 2 ** 64; scale *= 128) {
      byte = bytes[this.#at++] ?? 0
      value += (byte & 127) * scale
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

const EMPTY = Buffer.alloc(0)

function oldFormat(magic: number): RetakeError {
  return new RetakeError('RT1409', {
    what: `the topic holds records in message format ${magic}`,
    why: 'Retake reads format 2, which Kafka has written since 0.11 and 4.0 alone keeps',
    fix: 'let the broker rewrite the topic (message.format.version), or copy it into a new one',
  })
}
