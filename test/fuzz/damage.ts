import { type Random, randomInteger } from '#src/kit/random.js'
import { between, bytesOf, chance, few, pick } from './draw.js'

/** A copy of `bytes`, damaged in one to eight places. `other` is another valid input, to be spliced in. */
export function damaged(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let copy: Uint8Array = Uint8Array.from(bytes)
  for (let left = 1 + few(random, 7); left > 0; left--) copy = pick(random, WAYS)(random, copy, other)
  return copy
}

/** The same in one place of the range from `start` on. */
export function damagedFrom(random: Random, bytes: Uint8Array, start: number, other: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, start), damaged(random, bytes.subarray(start), other.subarray(start)))
}

type Way = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array

/** Longer inputs find nothing more, and take longer. */
const BYTES_MAX = 256 * 1024
const RUN_MAX = 64 * 1024

const flip: Way = (random, bytes) => {
  for (let left = 1 + few(random, 7); left > 0 && bytes.length > 0; left--) {
    bytes[randomInteger(random, bytes.length)]! ^= 1 << randomInteger(random, 8)
  }
  return bytes
}

const overwrite: Way = (random, bytes) => {
  const at = randomInteger(random, bytes.length + 1)
  bytes.set(bytesOf(random, Math.min(few(random, 16), bytes.length - at)), at)
  return bytes
}

const truncate: Way = (random, bytes) => bytes.slice(0, randomInteger(random, bytes.length + 1))

const cut: Way = (random, bytes) => {
  const [from, to] = range(random, bytes)
  return joined(bytes.subarray(0, from), bytes.subarray(to))
}

const insert: Way = (random, bytes) => {
  const at = randomInteger(random, bytes.length + 1)
  return joined(bytes.subarray(0, at), bytesOf(random, few(random, 32)), bytes.subarray(at))
}

const repeat: Way = (random, bytes) => {
  const [from, to] = range(random, bytes)
  return joined(bytes.subarray(0, to), bytes.subarray(from))
}

const splice: Way = (random, bytes, other) => {
  const from = randomInteger(random, bytes.length + 1)
  const to = randomInteger(random, other.length + 1)
  return joined(bytes.subarray(0, from), other.subarray(to))
}

/** A length, a count, an offset that says more than there is, or less than nothing. */
const extreme: Way = (random, bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = pick(random, [1, 2, 4, 8] as const)
  if (bytes.length < width) return bytes
  const at = randomInteger(random, bytes.length - width + 1)
  const isLittle = chance(random, 0.5)
  if (width === 8 && chance(random, 0.5)) view.setFloat64(at, pick(random, FLOATS), isLittle)
  else if (width === 8) view.setBigUint64(at, pick(random, WHOLES), isLittle)
  else if (width === 4) view.setUint32(at, Number(pick(random, WHOLES) & 0xffffffffn), isLittle)
  else if (width === 2) view.setUint16(at, Number(pick(random, WHOLES) & 0xffffn), isLittle)
  else view.setUint8(at, Number(pick(random, WHOLES) & 0xffn))
  return bytes
}

/** What opens something, again and again: lists in lists, numbers without end. */
const nest: Way = (random, bytes) => {
  const [from, to] = [randomInteger(random, bytes.length + 1), randomInteger(random, bytes.length + 1)]
  const unit = chance(random, 0.5) ? pick(random, OPENINGS) : bytes.slice(to, to + between(random, 1, 4))
  if (unit.length === 0) return bytes
  const run = new Uint8Array(unit.length * (1 + few(random, RUN_MAX / unit.length)))
  for (let at = 0; at < run.length; at += unit.length) run.set(unit, at)
  return joined(bytes.subarray(0, from), run, bytes.subarray(from))
}

const FLOATS = [-1, -0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 63, -(2 ** 53), 1e308]
const WHOLES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xfffffff0n,
  0xffffffffn,
].concat([
  0x1fffffffffffffn,
  0x20000000000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
])

/** Of JSON, of msgpack (lists, maps, long lists, records, extensions), of variable lengths. */
const OPENINGS = [
  '5b',
  '7b2261223a',
  '91',
  '81c0',
  'dd00000001',
  'ddffffffff',
  'd472409161',
  'd46900',
  'd47000',
  'c7016500',
  'd9ff',
  'ff',
  '80',
  '00',
].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')))

const WAYS: readonly Way[] = [
  flip,
  flip,
  overwrite,
  truncate,
  cut,
  insert,
  repeat,
  splice,
  extreme,
  extreme,
  nest,
]

function range(random: Random, bytes: Uint8Array): [from: number, to: number] {
  const from = randomInteger(random, bytes.length + 1)
  return [from, from + few(random, bytes.length - from)]
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts).subarray(0, BYTES_MAX))
}
