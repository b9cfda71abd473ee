import { RetakeError } from './errors.js'
import type { Key, KeyPart } from './key.js'

/**
 * The hash of a key, which decides where its records go and where its state lies: a contract for ever, held by the
 * golden vectors of its test. It is murmur3 (x86, 32 bits, seed 0) over the key's canonical bytes:
 *
 *     string    1, then UTF-8; a lone surrogate is U+FFFD; nothing is normalised
 *     number    2, then the 8 bytes of the double, little-endian; -0 is 0; NaN and infinities are no keys
 *     bigint    3, then its decimal digits, `-` before a negative one
 *     boolean   4, then 0 or 1
 *     tuple     5, then for each part: the number of its own canonical bytes as 4 bytes little-endian, and these
 *
 * So 1, 1n, '1', true and [1] are five keys, and ['a', 'bc'] is not ['ab', 'c'].
 *
 * @returns the 32 bits as a signed integer, which the engine never needs to box; `>>> 0` for 0 … 2^32 - 1
 */
export function keyHash(key: Key): number {
  if (typeof key === 'string') return stringHash(key)
  return writtenHash(Array.isArray(key) ? writeTuple(key) : writePart(key as KeyPart, 0))
}

const STRING = 1
const NUMBER = 2
const BIGINT = 3
const BOOLEAN = 4
const TUPLE = 5

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/**
 * The hash of a string; of one that is all ASCII without writing its bytes. The tag is the first byte, so the first
 * block has three characters, and four each of those behind it.
 */
function stringHash(text: string): number {
  const length = text.length
  let hash = 0
  let block = STRING
  let seen = 0
  let i = 0
  if (length > 2) {
    block |= (text.charCodeAt(0) << 8) | (text.charCodeAt(1) << 16) | (text.charCodeAt(2) << 24)
    seen = text.charCodeAt(0) | text.charCodeAt(1) | text.charCodeAt(2)
    hash = mixed(0, block)
    block = 0
    for (i = 3; i + 4 <= length; i += 4) {
      const a = text.charCodeAt(i)
      const b = text.charCodeAt(i + 1)
      const c = text.charCodeAt(i + 2)
      const d = text.charCodeAt(i + 3)
      seen |= a | b | c | d
      hash = mixed(hash, a | (b << 8) | (c << 16) | (d << 24))
    }
  }
  for (let shift = length > 2 ? 0 : 8; i < length; i++, shift += 8) {
    const code = text.charCodeAt(i)
    seen |= code
    block |= code << shift
  }
  if (seen > 0x7f) return writtenHash(writeString(text, 0))
  return finished(hash ^ scrambled(block), length + 1)
}

/** The hash of what has been written, up to `length`. */
function writtenHash(length: number): number {
  const bytes = scratch
  let hash = 0
  let block = 0
  let shift = 0
  for (let i = 0; i < length; i++) {
    block |= bytes[i]! << shift
    if (shift === 24) {
      hash = mixed(hash, block)
      block = 0
      shift = 0
    } else {
      shift += 8
    }
  }
  if (shift > 0) hash ^= scrambled(block)
  return finished(hash, length)
}

function scrambled(block: number): number {
  const k = Math.imul(block, C1)
  return Math.imul((k << 15) | (k >>> 17), C2)
}

function mixed(hash: number, block: number): number {
  const h = hash ^ scrambled(block)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

function finished(hash: number, length: number): number {
  let h = hash ^ length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Where canonical bytes are written before they are hashed; grows to the largest key ever seen, and no turn is split. */
let scratch = new Uint8Array(1_024)
let view = new DataView(scratch.buffer)
const utf8 = new TextEncoder()

function reserve(end: number): void {
  if (end <= scratch.length) return
  const grown = new Uint8Array(Math.max(end, scratch.length * 2))
  grown.set(scratch)
  scratch = grown
  view = new DataView(grown.buffer)
}

/** Writes the canonical bytes of `part` at `start`; returns where they end. */
function writePart(part: KeyPart, start: number): number {
  switch (typeof part) {
    case 'string':
      return writeString(part, start)
    case 'number':
      if (!Number.isFinite(part)) throw notAKey(part)
      reserve(start + 9)
      scratch[start] = NUMBER
      view.setFloat64(start + 1, part === 0 ? 0 : part, true)
      return start + 9
    case 'bigint': {
      const digits = part.toString()
      reserve(start + 1 + digits.length)
      scratch[start] = BIGINT
      return start + 1 + utf8.encodeInto(digits, scratch.subarray(start + 1)).written
    }
    case 'boolean':
      reserve(start + 2)
      scratch[start] = BOOLEAN
      scratch[start + 1] = part ? 1 : 0
      return start + 2
    default:
      throw notAKey(part)
  }
}

/** The encoder itself writes U+FFFD for a lone surrogate. */
function writeString(text: string, start: number): number {
  reserve(start + 1 + text.length * 3)
  scratch[start] = STRING
  return start + 1 + utf8.encodeInto(text, scratch.subarray(start + 1)).written
}

function writeTuple(parts: readonly KeyPart[]): number {
  reserve(1)
  scratch[0] = TUPLE
  let end = 1
  for (const part of parts) {
    const start = end
    reserve(start + 4)
    end = writePart(part, start + 4)
    view.setUint32(start, end - start - 4, true)
  }
  return end
}

export function notAKey(value: unknown): RetakeError {
  return new RetakeError('RT1610', {
    what: `${described(value)} is not a key`,
    why: 'a key is a string, a finite number, a bigint, a boolean or a tuple of these: what else there is has no bytes that stay the same for ever',
    fix: 'let the key selector return one of these, for example a field of the record',
  })
}

function described(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a nested tuple'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'object') return 'an object'
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`
}
