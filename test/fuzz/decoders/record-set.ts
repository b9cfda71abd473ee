import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { compressFrameSync } from 'lz4-napi'
import { crc32c } from '#src/connector/kafka/crc32c.js'
import { RecordSet } from '#src/connector/kafka/record-set.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Random } from '#src/kit/random.js'
import { type RecordToWrite, recordBatch, transactionMarker } from '../../support/record-batch.js'
import { damaged } from '../damage.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { between, bytesOf, chance, few, listOf, pick, text } from '../draw.js'

interface ReadRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

interface ReadSet {
  readonly records: readonly ReadRecord[]
  readonly position: number
  readonly nextFetchOffset: number
}

const RECORDS_AT = 61
const FETCH_OFFSET = 0
const GZIP = 1
const SNAPPY = 2
const LZ4 = 3
const ZSTD = 4

/** The record batches that a fetch brought for one partition, in every compression, with markers of transactions. */
export const recordSet: Decoder<ReadSet> = {
  name: 'record-set',
  sample(random) {
    const batches: Buffer[] = []
    const records: ReadRecord[] = []
    let offset = between(random, 0, 3)
    for (let left = between(random, 1, 3); left > 0; left--) {
      const producer = { id: BigInt(between(random, 1, 3)) }
      if (chance(random, 0.15)) {
        batches.push(transactionMarker(offset, 17, producer, pick(random, ['commit', 'abort'])))
        offset += 1
        continue
      }
      const written = listOf(random, 8, () => drawnRecord(random))
      const isTransactional = chance(random, 0.2)
      const plain = recordBatch(offset, written, { producer, isTransactional })
      batches.push(compressed(plain, pick(random, [0, GZIP, SNAPPY, LZ4, ZSTD]), random))
      for (const record of written) records.push(asRead(record, offset++))
    }
    const read = { records, position: offset, nextFetchOffset: offset }
    return { bytes: Buffer.concat(batches), value: read }
  },
  decode(bytes) {
    const set = new RecordSet(Buffer.from(bytes), FETCH_OFFSET, 'read-committed', [
      { producerId: 9n, firstOffset: 0 },
    ])
    const records: ReadRecord[] = []
    while (set.advance()) {
      const { record } = set
      const { offset, timestamp, bytes, keyStart, keyEnd, valueStart, valueEnd } = record
      const headers = record.headers().map(([name, value]) => [name, value && latin1(value)] as const)
      const [key, value] = [textIn(bytes, keyStart, keyEnd), textIn(bytes, valueStart, valueEnd)]
      records.push({ offset, timestamp, key, value, headers })
    }
    return { records, position: set.position, nextFetchOffset: set.nextFetchOffset }
  },
  isRefusal: refusedWith('RT1408', 'RT1409'),
  /** Damages what stands behind the header of a batch, compressed or not, and gives it the right checksum. */
  damage(random) {
    const written = listOf(random, 8, () => drawnRecord(random))
    const isControl = chance(random, 0.1)
    const plain = recordBatch(3, written, { producer: { id: 9n }, isTransactional: isControl, isControl })
    const codec = pick(random, [0, 0, GZIP, SNAPPY, LZ4, ZSTD, ZSTD])
    const isInside = chance(random, 0.5)
    const body = (batch: Buffer) => damaged(random, batch.subarray(RECORDS_AT), plain.subarray(RECORDS_AT))
    const inside = isInside ? sealed(plain, plain.readInt16BE(21), body(plain)) : plain
    const batch = compressed(inside, codec, random)
    const changed = isInside ? batch : sealed(batch, batch.readInt16BE(21), body(batch))
    if (chance(random, 0.3)) {
      changed.set(damaged(random, changed.subarray(21, RECORDS_AT), changed).subarray(0, RECORDS_AT - 21), 21)
      changed.writeUInt32BE(crc32c(changed, 21, changed.length), 17)
    }
    return changed
  },
  faultOf({ records, position, nextFetchOffset }) {
    let last = FETCH_OFFSET - 1
    for (const { offset, timestamp } of records) {
      if (!(offset > last && offset < nextFetchOffset && Number.isSafeInteger(offset)))
        return `a record at offset ${offset}, behind ${last}, of a set that ends at ${nextFetchOffset}`
      if (!Number.isFinite(timestamp)) return `a record of the time ${timestamp}`
      last = offset
    }
    const isBehind = Number.isSafeInteger(nextFetchOffset) && position === nextFetchOffset
    return isBehind ? undefined : `a set that ends at ${position}, and says ${nextFetchOffset}`
  },
  /** Compression is there to make a lot out of little; not without end. */
  allocatedMax: () => 3 * LIMITS.kafkaBatchBytes,
}

function drawnRecord(random: Random): RecordToWrite {
  const bytes = () => (chance(random, 0.2) ? null : Buffer.from(bytesOf(random, few(random, 60))))
  return {
    key: bytes(),
    value: bytes(),
    timestamp: between(random, 0, 2 ** 41),
    headers: listOf(random, 3, () => [text(random, 8), text(random, 8)] as const),
  }
}

function asRead({ key, value, timestamp = 0, headers = [] }: RecordToWrite, offset: number): ReadRecord {
  return {
    offset,
    timestamp,
    key: key ? latin1(key) : null,
    value: value ? latin1(value) : null,
    headers: headers.map(([name, text]) => [name, latin1(Buffer.from(text))]),
  }
}

function textIn(bytes: Buffer, start: number, end: number): string | null {
  return start < 0 ? null : latin1(bytes.subarray(start, end))
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** `batch` with its records compressed. */
function compressed(batch: Buffer, codec: number, random: Random): Buffer {
  const attributes = batch.readInt16BE(21)
  return sealed(batch, attributes | codec, compress(codec, batch.subarray(RECORDS_AT), random))
}

/** The header of `batch`, behind it `body`, with the length and the checksum of both. */
function sealed(batch: Buffer, attributes: number, body: Uint8Array): Buffer {
  const whole = Buffer.concat([batch.subarray(0, RECORDS_AT), body])
  whole.writeInt32BE(whole.length - 12, 8)
  whole.writeInt16BE(attributes, 21)
  whole.writeUInt32BE(crc32c(whole, 21, whole.length), 17)
  return whole
}

const { compress: snappy } = createRequire(createRequire(import.meta.url).resolve('kafkajs-snappy'))(
  'snappyjs',
) as {
  compress(bytes: Buffer): Buffer
}

function compress(codec: number, bytes: Buffer, random: Random): Uint8Array {
  switch (codec) {
    case GZIP:
      return gzipSync(bytes)
    case SNAPPY:
      return chance(random, 0.5) ? snappy(bytes) : xerial(snappy(bytes))
    case LZ4:
      return compressFrameSync(bytes)
    case ZSTD:
      return zstd(bytes)
    default:
      return bytes
  }
}

/** As Java's producers write snappy: a header, and in front of each block its length. */
function xerial(block: Buffer): Buffer {
  const header = Buffer.from('82534e41505059000000000100000001', 'hex')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(block.length)
  return Buffer.concat([header, length, block])
}

/** A frame of zstd that stores `bytes` as they are: magic, one segment whose size has four bytes, one raw block. */
function zstd(bytes: Buffer): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt32LE(0xfd2fb528, 0)
  header[4] = 0b1010_0000
  header.writeUInt32LE(bytes.length, 5)
  header.writeUIntLE((bytes.length << 3) | 1, 9, 3)
  return Buffer.concat([header, bytes])
}
