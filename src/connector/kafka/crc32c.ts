import { endianness } from 'node:os'

/**
 * The checksum of Kafka's record batches (CRC-32C, Castagnoli), eight bytes a step. TCP's own checksum lets one damaged
 * packet in some millions pass, and a disk or a proxy none at all; a wrong click count would be the first sign.
 */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1
  let at = from
  if (IS_LITTLE_ENDIAN) {
    for (; at < to && (bytes.byteOffset + at) % 4 > 0; at++) crc = withByte(crc, bytes[at]!)
    // Words are read at once: a byte at a time, the reading is most of the work.
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, ((to - at) >>> 3) << 1)
    for (let i = 0; i < words.length; i += 2) {
      const first = words[i]! ^ crc
      const second = words[i + 1]!
      crc =
        TABLE[1792 + (first & 255)]! ^
        TABLE[1536 + ((first >>> 8) & 255)]! ^
        TABLE[1280 + ((first >>> 16) & 255)]! ^
        TABLE[1024 + (first >>> 24)]! ^
        TABLE[768 + (second & 255)]! ^
        TABLE[512 + ((second >>> 8) & 255)]! ^
        TABLE[256 + ((second >>> 16) & 255)]! ^
        TABLE[second >>> 24]!
    }
    at += words.byteLength
  }
  for (; at < to; at++) crc = withByte(crc, bytes[at]!)
  return ~crc >>> 0
}

const IS_LITTLE_ENDIAN = endianness() === 'LE'
const POLYNOMIAL = 0x82f63b78
/** Eight tables of 256, one behind the other: the n-th is of a byte with n bytes behind it. */
const TABLE = tables(8)

function withByte(crc: number, byte: number): number {
  return (crc >>> 8) ^ TABLE[(crc ^ byte) & 255]!
}

function tables(count: number): Int32Array {
  const table = new Int32Array(256 * count)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    table[byte] = crc
  }
  for (let i = 256; i < table.length; i++) {
    const crc = table[i - 256]!
    table[i] = (crc >>> 8) ^ table[crc & 255]!
  }
  return table
}
