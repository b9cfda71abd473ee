/// <reference lib="es2024.string" />
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { canonicalKey, type Key, keyOfCanonical, keyTypeOf } from '#src/kit/key.js'
import { keyHash } from '#src/kit/key-hash.js'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'

/** A key as JSON can have it: numbers that JSON has not, and bigints, as text. */
interface Written {
  readonly type: string
  readonly value: unknown
}

/** Computed by an implementation of their own, in another language. They never change: state depends on them. */
const VECTORS: readonly (Written & { readonly hash: number })[] = JSON.parse(
  readFileSync(new URL('key-vectors.json', import.meta.url), 'utf8'),
)

function keyOf({ type, value }: Written): Key {
  if (type === 'tuple') return (value as Written[]).map((part) => keyOf(part)) as Key
  if (type === 'number') return Number(value)
  return type === 'bigint' ? BigInt(value as string) : (value as Key)
}

test('when a key is hashed, then it is as it was for ever', () => {
  const hashes = VECTORS.map((vector) => keyHash(keyOf(vector)) >>> 0)
  expect(hashes).toEqual(VECTORS.map(({ hash }) => hash))
})

test('when keys are the same in the eyes of their user, then hash and canonical key are the same', () => {
  for (const [a, b] of [
    [-0, 0],
    ['\ud800', '\ufffd'],
    ['a\udc00', 'a\ufffd'],
    [
      ['\ud800', -0],
      ['\ufffd', 0],
    ],
  ] as [Key, Key][]) {
    expect(keyHash(a)).toBe(keyHash(b))
    expect(Object.is(canonicalKey(a), canonicalKey(b))).toBe(true)
  }
})

test('when keys look alike but differ, then hash and canonical key tell them apart', () => {
  const keys: Key[] = [
    1,
    1n,
    '1',
    true,
    [1],
    ['1'],
    [1n],
    [true],
    ['1', ''],
    ['', '1'],
    'é',
    'e\u0301',
    [],
    '',
  ]
  expect(new Set(keys.map(keyHash)).size).toBe(keys.length)
  const tuples: Key[] = [
    ['a', 'bc'],
    ['ab', 'c'],
    ['abc'],
    ['s1:a'],
    [1, 2],
    [12],
    [1n, 2],
    ['1', 2],
    [true],
    [1],
  ]
  expect(new Set(tuples.map(canonicalKey)).size).toBe(tuples.length)
})

test('when a value is no key, then it is refused with its remedy', () => {
  const values = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    undefined,
    null,
    {},
    new Date(0),
    Symbol.iterator,
    [[1]],
    [{}],
    [Number.NaN],
  ]
  for (const value of values) {
    expect(() => keyHash(value as Key)).toThrow(/^RT1610 /)
    expect(() => canonicalKey(value as Key)).toThrow(/^RT1610 /)
  }
})

test('when a key is made canonical, then it can be had back', () => {
  const random = seededRandom(7)
  for (let i = 0; i < 2_000; i++) {
    const key = randomKey(random, 2)
    expect(keyOfCanonical(canonicalKey(key), keyTypeOf(key))).toEqual(key)
  }
})

test('when a string is hashed by its characters, then it is as by its bytes', () => {
  const random = seededRandom(11)
  for (let i = 0; i < 2_000; i++) {
    const text = randomText(random, i % 100 === 0 ? 3_000 * (i / 100) : 40)
    const bytes = Buffer.concat([Buffer.of(1), Buffer.from(text.toWellFormed())])
    expect(keyHash(text) >>> 0).toBe(murmur3(bytes))
  }
})

/** murmur3 (x86, 32 bits), written from its description, slowly. */
function murmur3(bytes: Uint8Array): number {
  const M = 0xffffffffn
  const rotated = (x: bigint, by: bigint) => ((x << by) | (x >> (32n - by))) & M
  const scrambled = (k: bigint) => (rotated((k * 0xcc9e2d51n) & M, 15n) * 0x1b873593n) & M
  let h = 0n
  for (let at = 0; at < bytes.length; at += 4) {
    const block = [...bytes.subarray(at, at + 4)]
    const k = block.reduce((sum, byte, i) => sum | (BigInt(byte) << BigInt(8 * i)), 0n)
    h ^= scrambled(k)
    if (block.length === 4) h = (rotated(h, 13n) * 5n + 0xe6546b64n) & M
  }
  h ^= BigInt(bytes.length)
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & M
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & M
  return Number(h ^ (h >> 16n))
}

function randomKey(random: Random, depth: number): Key {
  switch (randomInteger(random, depth > 0 ? 5 : 4)) {
    case 0:
      return randomText(random, 12).toWellFormed()
    case 1:
      return (random.next() - 0.5) * 10 ** randomInteger(random, 20)
    case 2:
      return BigInt(Math.floor(random.next() * 1e15)) ** 3n * (random.next() < 0.5 ? -1n : 1n)
    case 3:
      return random.next() < 0.5
    default:
      return Array.from({ length: randomInteger(random, 4) }, () => randomKey(random, 0)) as Key
  }
}

function randomText(random: Random, lengthMax: number): string {
  const top = random.next() < 0.5 ? 0x80 : 0x10000
  return String.fromCharCode(
    ...Array.from({ length: randomInteger(random, lengthMax) }, () => randomInteger(random, top)),
  )
}
