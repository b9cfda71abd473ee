/** murmur3 of a short ASCII text, as a hand-written program would have it. */
export function murmurOf(text: string): number {
  let hash = 0
  let i = 0
  for (; i + 4 <= text.length; i += 4) {
    hash = mixed(
      hash,
      text.charCodeAt(i) |
        (text.charCodeAt(i + 1) << 8) |
        (text.charCodeAt(i + 2) << 16) |
        (text.charCodeAt(i + 3) << 24),
    )
  }
  let rest = 0
  for (let shift = 0; i < text.length; i++, shift += 8) rest |= text.charCodeAt(i) << shift
  hash = mixed(hash, rest) ^ text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function mixed(hash: number, block: number): number {
  let k = Math.imul(block, 0xcc9e2d51)
  k = (k << 15) | (k >>> 17)
  k = hash ^ Math.imul(k, 0x1b873593)
  k = (k << 13) | (k >>> 19)
  return (Math.imul(k, 5) + 0xe6546b64) | 0
}
