import { crc32c } from '#src/connector/kafka/crc32c.js'
import { batchHeaderAt, type RecordBatchHeader } from '#src/connector/kafka/record-batch-decoder.js'

export interface RecordToWrite {
  /** One behind the record before it, unless compaction left a hole there. */
  readonly offset?: number
  readonly key?: Buffer | null
  readonly value: Buffer | null
  /** Milliseconds since 1970. */
  readonly timestamp?: number
  readonly headers?: readonly (readonly [string, string])[]
}

export interface BatchOptions {
  /** Behind the last record, unless compaction removed some there. */
  readonly nextOffset?: number
  /** The newest record's, also when compaction removed that. */
  readonly maxTimestamp?: number
  /** Undefined: neither idempotent nor transactional. */
  readonly producer?: BatchProducer
  readonly isTransactional?: boolean
  readonly isControl?: boolean
}

export interface BatchProducer {
  readonly id: bigint
  readonly epoch?: number
  readonly sequence?: number
}

/** `RecordBatchHeader` says what stands where. */
const RECORDS_AT = 61
const TRANSACTIONAL = 0b1_0000
const CONTROL = 0b10_0000
const NO_TIMESTAMP = -1

/** A record batch (format 2, uncompressed), byte for byte as a broker stores what a producer wrote. */
export function recordBatch(
  baseOffset: number,
  records: readonly RecordToWrite[],
  options: BatchOptions = {},
): Buffer {
  const timestamps = records.map(({ timestamp = 0 }) => timestamp)
  const baseTimestamp = records.length === 0 ? NO_TIMESTAMP : Math.min(...timestamps)
  let next = baseOffset
  const body = records.map((record) => {
    const offset = record.offset ?? next
    next = offset + 1
    return recordOf(record, offset - baseOffset, (record.timestamp ?? 0) - baseTimestamp)
  })
  const { maxTimestamp = Math.max(NO_TIMESTAMP, ...timestamps) } = options
  const { nextOffset = next, producer, isTransactional = false, isControl = false } = options
  const batch = Buffer.concat([Buffer.alloc(RECORDS_AT), ...body])
  batch.writeBigInt64BE(BigInt(baseOffset), 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt8(2, 16)
  batch.writeInt16BE((isTransactional ? TRANSACTIONAL : 0) | (isControl ? CONTROL : 0), 21)
  batch.writeInt32BE(nextOffset - baseOffset - 1, 23)
  batch.writeBigInt64BE(BigInt(baseTimestamp), 27)
  batch.writeBigInt64BE(BigInt(maxTimestamp), 35)
  batch.writeBigInt64BE(producer?.id ?? -1n, 43)
  batch.writeInt16BE(producer?.epoch ?? 0, 51)
  batch.writeInt32BE(producer?.sequence ?? 0, 53)
  batch.writeInt32BE(records.length, 57)
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
  return batch
}

/** How a broker writes down that a transaction has ended: its key is version i16, type i16 (0 abort, 1 commit). */
export function transactionMarker(
  offset: number,
  timestamp: number,
  producer: BatchProducer,
  end: 'commit' | 'abort',
): Buffer {
  const key = Buffer.from([0, 0, 0, end === 'commit' ? 1 : 0])
  const value = Buffer.alloc(6) // version i16, epoch of the coordinator i32
  const options = { producer: { sequence: -1, ...producer }, isTransactional: true, isControl: true }
  return recordBatch(offset, [{ key, value, timestamp }], options)
}

/** The header of a batch that is known to be whole. */
export function headerOf(batch: Buffer): RecordBatchHeader {
  const header = batchHeaderAt(batch, 0)
  if (header === undefined) throw new Error('no whole batch')
  return header
}

function recordOf(
  { key = null, value, headers = [] }: RecordToWrite,
  offsetDelta: number,
  timestampDelta: number,
): Buffer {
  const fields = Buffer.concat([
    Buffer.from([0]),
    varint(timestampDelta),
    varint(offsetDelta),
    bytesOf(key),
    bytesOf(value),
    varint(headers.length),
    ...headers.flatMap(([name, text]) => [bytesOf(Buffer.from(name)), bytesOf(Buffer.from(text))]),
  ])
  return Buffer.concat([varint(fields.length), fields])
}

function bytesOf(bytes: Buffer | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes])
}

/** Zigzag, 7 bits a byte; times are longer than 32 bits. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = value < 0 ? -2 * value - 1 : 2 * value
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  return Buffer.from([...bytes, left])
}
