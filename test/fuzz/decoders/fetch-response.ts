import {
  decodeFetchResponse,
  FETCH_VERSIONS,
  type FetchResponse,
} from '#src/connector/kafka/fetch-response.js'
import type { Random } from '#src/kit/random.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { between, bytesOf, count, few, listOf } from '../draw.js'

/** A broker's answer to a fetch, down to the raw bytes of each partition, behind the version that it is in (u8). */
export const fetchResponse: Decoder<FetchResponse> = {
  name: 'fetch-response',
  sample(random) {
    const version = between(random, FETCH_VERSIONS.oldest, FETCH_VERSIONS.newest)
    const value = drawnResponse(random, version)
    return { bytes: Buffer.concat([i8(version), encoded(value, version)]), value }
  },
  decode(bytes) {
    const { oldest, newest } = FETCH_VERSIONS
    const version = Math.max(oldest, Math.min(newest, bytes[0] ?? 0))
    const response = decodeFetchResponse(Buffer.from(bytes.subarray(1)), version)
    const partitions = response.partitions.map((one) => ({ ...one, records: Buffer.from(one.records) }))
    return { ...response, partitions }
  },
  isRefusal: refusedWith('RT1408'),
}

function drawnResponse(random: Random, version: number): FetchResponse {
  return {
    throttleMs: count(random) % 2 ** 31,
    error: version >= 7 ? few(random, 90) : 0,
    partitions: listOf(random, 5, () => ({
      partition: few(random, 100),
      error: few(random, 90),
      highWatermark: count(random),
      lastStableOffset: count(random),
      aborted: listOf(random, 3, () => ({ producerId: BigInt(count(random)), firstOffset: count(random) })),
      records: Buffer.from(bytesOf(random, few(random, 60))),
    })),
  }
}

function encoded({ throttleMs, error, partitions }: FetchResponse, version: number): Buffer {
  return Buffer.concat([
    i32(throttleMs),
    ...(version >= 7 ? [i16(error), i32(0)] : []),
    i32(1),
    i16(6),
    Buffer.from('clicks'),
    i32(partitions.length),
    ...partitions.flatMap((one) => [
      i32(one.partition),
      i16(one.error),
      i64(one.highWatermark),
      i64(one.lastStableOffset),
      ...(version >= 5 ? [i64(0)] : []),
      i32(one.aborted.length),
      ...one.aborted.flatMap(({ producerId, firstOffset }) => [i64(producerId), i64(firstOffset)]),
      ...(version >= 11 ? [i32(-1)] : []),
      i32(one.records.length),
      one.records,
    ]),
  ])
}

function i8(number: number): Buffer {
  return Buffer.from([number])
}

function i16(number: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(number)
  return bytes
}

function i32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(number)
  return bytes
}

function i64(number: number | bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(number))
  return bytes
}
