/**
 * The most that frames of zstd can open to, in bytes: read from the headers of frames and blocks alone, without opening
 * any. A block of four bytes may open to 128 KB, and a frame of nine say that it needs two gigabytes. Throws RangeError
 * for bytes that are no such frames, or need a larger window than zstd itself allows unless it is told to.
 *
 *     frame: magic u32 · descriptor u8 · [window u8] · dictionary id 0–4 · content size 0–8 · blocks · [checksum u32]
 *     block: u24, of which 1 bit the last one, 2 bits type (stored, one byte repeated, compressed), 21 bits size
 */
export function zstdSize(bytes: Buffer): number {
  let size = 0
  for (let at = 0; at < bytes.length; ) {
    const magic = bytes.readUInt32LE(at)
    if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE) {
      at += 8 + bytes.readUInt32LE(at + 4)
      continue
    }
    if (magic !== MAGIC) throw new RangeError('no frame of zstd')
    const descriptor = bytes.readUInt8(at + 4)
    const isOneSegment = (descriptor & 0b10_0000) !== 0
    const contentBytes = CONTENT_BYTES[descriptor >>> 6]! || (isOneSegment ? 1 : 0)
    const contentAt = at + 5 + (isOneSegment ? 0 : 1) + DICTIONARY_BYTES[descriptor & 0b11]!
    const content = contentOf(bytes, contentAt, contentBytes)
    const window = isOneSegment ? content : windowOf(bytes.readUInt8(at + 5))
    if (window > WINDOW_MAX) throw new RangeError(`a frame of zstd needs a window of ${window} bytes`)
    at = contentAt + contentBytes
    let opened = 0
    for (let isLast = false; !isLast; ) {
      const header = bytes.readUIntLE(at, 3)
      isLast = (header & 1) === 1
      const [type, blockSize] = [(header >>> 1) & 3, header >>> 3]
      opened += type === COMPRESSED ? Math.min(BLOCK_MAX, window) : blockSize
      at += 3 + (type === REPEATED ? 1 : blockSize)
    }
    size += Math.max(content, opened)
    if ((descriptor & 0b100) !== 0) at += 4
    if (at > bytes.length) throw new RangeError('a frame of zstd does not end in its batch')
  }
  return size
}

const MAGIC = 0xfd2fb528
const [SKIPPABLE, SKIPPABLE_MASK] = [0x184d2a50, 0xfffffff0]
const CONTENT_BYTES = [0, 2, 4, 8]
const DICTIONARY_BYTES = [0, 1, 2, 4]
const [REPEATED, COMPRESSED] = [1, 2]
const BLOCK_MAX = 128 * 1024
const WINDOW_MAX = 2 ** 27

/** Of two bytes it says 256 less. */
function contentOf(bytes: Buffer, at: number, width: number): number {
  if (width === 0) return 0
  if (width === 8) return Number(bytes.readBigUInt64LE(at))
  return bytes.readUIntLE(at, width) + (width === 2 ? 256 : 0)
}

/** 1 KB to 3.75 TB: five bits exponent, three bits eighths. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3))
  return base + (base / 8) * (descriptor & 7)
}
