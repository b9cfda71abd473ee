import { createRequire } from 'node:module'
import { gunzipSync } from 'node:zlib'
import { decompress as zstd } from 'fzstd'
import { decompressFrameSync as lz4 } from 'lz4-napi'
import { RetakeError } from '../../kit/errors.js'

/** Opens the compressed records of a batch: Kafka's five codecs, by their number in the batch's attributes. */
export function decompressed(codec: number, bytes: Buffer): Buffer {
  switch (codec) {
    case 0:
      return bytes
    case 1:
      return gunzipSync(bytes)
    case 2:
      return snappy(bytes)
    case 3:
      return lz4(bytes)
    case 4:
      return asBuffer(zstd(bytes))
    default:
      throw new RetakeError('RT1409', {
        what: `a record batch is compressed with codec ${codec}`,
        why: 'none, gzip, snappy, lz4 and zstd (0 to 4) are known',
        fix: 'set compression.type of the topic, or of its producers, to one of them',
      })
  }
}

/** kafkajs-snappy decodes only through promises; what it decodes with is synchronous. */
const { uncompress } = createRequire(createRequire(import.meta.url).resolve('kafkajs-snappy'))(
  'snappyjs',
) as {
  uncompress(bytes: Buffer): Buffer
}

/** Java's producers write snappy in blocks behind this header (8 bytes, then two versions of 4), others write one. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

function snappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return asBuffer(uncompress(bytes))
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at + 4 <= bytes.length; ) {
    const start = at + 4
    at = start + bytes.readUInt32BE(at)
    blocks.push(asBuffer(uncompress(bytes.subarray(start, at))))
  }
  return Buffer.concat(blocks)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
