import { gunzipSync } from 'node:zlib'
import { decompress as zstd } from 'fzstd'
import { decompressFrameSync as lz4 } from 'lz4-napi'
import { RetakeError } from '../../kit/errors.js'
import { LIMITS } from '../../kit/limits.js'
import { snappyBlock } from './snappy.js'
import { zstdSize } from './zstd-size.js'

/**
 * Opens the compressed records of a batch: Kafka's five codecs, by their number in the batch's attributes. Throws for
 * bytes that are damaged, and for those that would open to more than `LIMITS.kafkaBatchBytes`: gzip makes a thousand
 * bytes of one, zstd thirty thousand. (Of lz4 and snappy one byte never becomes more than 255.)
 */
export function decompressed(codec: number, bytes: Buffer): Buffer {
  switch (codec) {
    case 0:
      return bytes
    case 1:
      return gunzipSync(bytes, { maxOutputLength: LIMITS.kafkaBatchBytes })
    case 2:
      return snappy(bytes)
    case 3:
      return lz4(bytes)
    case 4:
      return zstdFrames(bytes)
    default:
      throw new RetakeError('RT1409', {
        what: `a record batch is compressed with codec ${codec}`,
        why: 'none, gzip, snappy, lz4 and zstd (0 to 4) are known',
        fix: 'set compression.type of the topic, or of its producers, to one of them',
      })
  }
}

/** Java's producers write snappy in blocks behind this header (8 bytes, then two versions of 4), others write one. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

function snappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyBlock(bytes)
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const start = at + 4
    at = start + bytes.readUInt32BE(at)
    if (at > bytes.length) throw new RangeError('a block of snappy does not end in its batch')
    blocks.push(snappyBlock(bytes.subarray(start, at)))
  }
  return Buffer.concat(blocks)
}

function zstdFrames(bytes: Buffer): Buffer {
  const size = zstdSize(bytes)
  if (size > LIMITS.kafkaBatchBytes) throw new RangeError(`${bytes.length} bytes would open to ${size}`)
  const opened = zstd(bytes)
  return Buffer.from(opened.buffer, opened.byteOffset, opened.byteLength)
}
