/// <reference lib="es2024.string" />
import { RetakeError } from './errors.js'
import { notAKey } from './key-hash.js'

/** What a stream may be keyed by: one type a stream. */
export type KeyPart = string | number | bigint | boolean
/**
 * A key: a string, a finite number, a bigint, a boolean, or a tuple of them. Anything else is refused with RT1610.
 */
export type Key = KeyPart | readonly KeyPart[]

export type KeySelector = (record: unknown) => Key

/** A stream's one type of key. */
export type KeyType = 'string' | 'number' | 'bigint' | 'boolean' | 'tuple'

/**
 * A key as a `Map` may have it: equal keys are the same value. Numbers, bigints and booleans stand for themselves, a
 * string has U+FFFD for each lone surrogate, a tuple is a string that no other tuple has.
 */
export type CanonicalKey = string | number | bigint | boolean

export function keyTypeOf(key: Key): KeyType {
  const type = typeof key
  if (type === 'string' || type === 'number' || type === 'bigint' || type === 'boolean') return type
  if (Array.isArray(key)) return 'tuple'
  throw notAKey(key)
}

/** The type of a stream's keys, after `key`: `had`, or that of the first one. Throws RT1611 for a key of another type. */
export function keyTypeAfter(had: KeyType | undefined, key: Key): KeyType {
  const type = keyTypeOf(key)
  if (had !== undefined && had !== type) throw mixedKeys(had, type)
  return type
}

/** Throws for what is no key. Equal canonical keys have equal hashes, and the other way round within one type. */
export function canonicalKey(key: Key): CanonicalKey {
  switch (typeof key) {
    case 'string':
      return key.isWellFormed() ? key : key.toWellFormed()
    case 'number':
      if (!Number.isFinite(key)) throw notAKey(key)
      return key === 0 ? 0 : key
    case 'bigint':
    case 'boolean':
      return key
    default:
      if (!Array.isArray(key)) throw notAKey(key)
      return tupleText(key)
  }
}

/** The key again: what `canonicalKey` made of a key of this type. */
export function keyOfCanonical(canonical: CanonicalKey, type: KeyType): Key {
  return type === 'tuple' ? tupleOf(canonical as string) : canonical
}

/** A type of key that differs from what the stream had before. */
function mixedKeys(had: KeyType, has: KeyType): RetakeError {
  return new RetakeError('RT1611', {
    what: `a key is a ${has}, after keys that were a ${had}`,
    why: 'a stream has one type of key, so that no two keys are confused in its state',
    fix: 'let the key selector return one type, for example with String(…)',
  })
}

/** Each part as a letter, the length of its text, and its text: `s3:abc`, `n1:7`, `i2:-7`, `b1:1`. */
function tupleText(parts: readonly unknown[]): string {
  let text = ''
  for (const part of parts) {
    const [letter, canonical] = partText(part)
    text += `${letter}${canonical.length}:${canonical}`
  }
  return text
}

function partText(part: unknown): readonly [letter: string, text: string] {
  switch (typeof part) {
    case 'string':
      return ['s', part.toWellFormed()]
    case 'number':
      if (!Number.isFinite(part)) throw notAKey(part)
      return ['n', String(part)]
    case 'bigint':
      return ['i', String(part)]
    case 'boolean':
      return ['b', part ? '1' : '0']
    default:
      throw notAKey(part)
  }
}

function tupleOf(text: string): KeyPart[] {
  const parts: KeyPart[] = []
  for (let at = 0; at < text.length; ) {
    const colon = text.indexOf(':', at)
    const end = colon + 1 + Number(text.slice(at + 1, colon))
    parts.push(partOf(text[at], text.slice(colon + 1, end)))
    at = end
  }
  return parts
}

function partOf(letter: string | undefined, text: string): KeyPart {
  if (letter === 's') return text
  if (letter === 'n') return Number(text)
  return letter === 'i' ? BigInt(text) : text === '1'
}
