/**
 * Opens one block of snappy: the length of what it opens to, as a variable-length number, then literals and copies of
 * what came before, each behind a tag.
 *
 * Ours, because the decoder of kafkajs-snappy believes what it reads: five bytes make it allocate four gigabytes, or go
 * round for ever. Throws RangeError for bytes that are no such block; what is allocated is in proportion to them.
 */
export function snappyBlock(bytes: Buffer): Buffer {
  const end = bytes.length
  let [at, length, scale] = [0, 0, 1]
  for (let byte = 128; byte > 127; scale *= 128) {
    byte = bytes[at++] ?? 0
    length += (byte & 127) * scale
    if (at > end || scale > 2 ** 28) throw noBlock('it has no length')
  }
  if (length > end * EXPANSION_MAX) throw noBlock(`${end} bytes do not open to ${length}`)
  const opened = Buffer.allocUnsafeSlow(length)
  let to = 0
  while (at < end) {
    const tag = bytes[at++]!
    const kind = tag & 3
    if (kind === LITERAL) {
      let size = (tag >>> 2) + 1
      const sizeBytes = size - 60
      if (sizeBytes > 0) {
        size = bytes.readUIntLE(at, sizeBytes) + 1
        at += sizeBytes
      }
      if (at + size > end || to + size > length) throw noBlock('a literal does not end in it')
      bytes.copy(opened, to, at, at + size)
      at += size
      to += size
      continue
    }
    let size = (tag >>> 2) + 1
    let back: number
    if (kind === NEAR_COPY) {
      size = ((tag >>> 2) & 7) + 4
      back = ((tag >>> 5) << 8) | bytes.readUInt8(at)
      at += 1
    } else if (kind === COPY) {
      back = bytes.readUInt16LE(at)
      at += 2
    } else {
      back = bytes.readUInt32LE(at)
      at += 4
    }
    if (back === 0 || back > to || to + size > length) throw noBlock('it copies what is not there')
    // What is copied may be what is being written: then it repeats.
    if (back >= size) opened.copyWithin(to, to - back, to - back + size)
    else for (let i = 0; i < size; i++) opened[to + i] = opened[to - back + i]!
    to += size
  }
  if (to !== length) throw noBlock(`it says ${length} bytes and has ${to}`)
  return opened
}

/** Of tags. The fourth kind is a copy from further back. */
const [LITERAL, NEAR_COPY, COPY] = [0, 1, 2]

/** A copy of 64 bytes takes three. */
const EXPANSION_MAX = 22

function noBlock(why: string): RangeError {
  return new RangeError(`no block of snappy: ${why}`)
}
