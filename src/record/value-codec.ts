/// <reference lib="es2024.string" />
import { Packr, RESET_BUFFER_MODE } from 'msgpackr'
import { RetakeError } from '../kit/errors.js'

/**
 * User values as bytes and back, on channels and in state alike: msgpack, with the shapes of records written inline
 * once for each call, so that every result can be read by itself.
 *
 * Comes back as it was: null, undefined (also in fields), booleans, strings, finite and other numbers, bigints, Date,
 * Uint8Array and Buffer, typed arrays, Map, Set, Error, plain objects, arrays, nested at will. Comes back changed: -0
 * as 0, a lone surrogate as U+FFFD, an instance of a class as a plain object with its own fields. Functions, symbols
 * and cycles are refused (RT1614).
 */
const packr = new Packr({
  useRecords: true,
  moreTypes: true,
  copyBuffers: true,
  useToJSON: false,
  bundleStrings: false,
  int64AsType: 'bigint',
  useBigIntExtension: true,
  writeFunction() {
    throw new TypeError('a function is no data')
  },
})

/** The bytes of `value`: a view that the next call overwrites, so the caller copies it at once. */
export function packValue(value: unknown, where?: string): Uint8Array {
  try {
    const bytes = packr.pack(value, RESET_BUFFER_MODE)
    if (!mayHoldLoneSurrogate(bytes) || isWellFormed(value)) return bytes
    return packr.pack(wellFormed(value), RESET_BUFFER_MODE)
  } catch (cause) {
    throw new RetakeError('RT1614', {
      what: 'a value cannot be written as bytes',
      why: 'it, or something in it, is a function or a symbol, or it contains itself',
      fix: 'use plain objects, arrays, Map, Set, Date, Uint8Array, strings, numbers, bigints and booleans',
      where,
      cause,
    })
  }
}

/** Throws (anything) for bytes that `packValue` did not write. What it returns shares no memory with `bytes`. */
export function unpackValue(bytes: Uint8Array): unknown {
  return packr.unpack(bytes)
}

/**
 * msgpackr writes a lone surrogate of a short string as three bytes, which its reader takes for three U+FFFD: another
 * key, in another key group. ED followed by A0 … BF occurs in no well-formed text, though by chance in numbers.
 */
function mayHoldLoneSurrogate(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(0xed); at >= 0; at = bytes.indexOf(0xed, at + 1)) {
    const next = bytes[at + 1]
    if (next !== undefined && next >= 0xa0 && next <= 0xbf) return true
  }
  return false
}

/** No text in `value` has a lone surrogate. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true
  if (Array.isArray(value)) return value.every(isWellFormed)
  if (value instanceof Map || value instanceof Set) return isWellFormed([...value].flat())
  for (const name in value) {
    if (!name.isWellFormed() || !isWellFormed((value as Record<string, unknown>)[name])) return false
  }
  return true
}

/** A copy of `value` in which U+FFFD stands for each lone surrogate. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(wellFormed)
  if (value instanceof Map)
    return new Map([...value].map(([key, held]) => [wellFormed(key), wellFormed(held)]))
  if (value instanceof Set) return new Set([...value].map(wellFormed))
  if (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof Date ||
    value instanceof Error
  )
    return value
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [name.toWellFormed(), wellFormed(held)]),
  )
}
