import { type Random, randomInteger } from '#src/kit/random.js'

export function chance(random: Random, share: number): boolean {
  return random.next() < share
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  const chosen = choices[randomInteger(random, choices.length)]
  if (chosen === undefined && choices.length === 0) throw new Error('nothing to choose from')
  return chosen as T
}

/** From `least` to `most`, both inclusive. */
export function between(random: Random, least: number, most: number): number {
  return least + randomInteger(random, most - least + 1)
}

/** Mostly few, at times many: `most` at the most. */
export function few(random: Random, most: number): number {
  return Math.floor(random.next() ** 3 * (most + 1))
}

export function bytesOf(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => randomInteger(random, 256))
}

export function listOf<T>(random: Random, most: number, one: () => T): T[] {
  return Array.from({ length: few(random, most) }, one)
}

const ALPHABETS = [
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789',
  'äéßñ',
  '日本語',
  '🎬🧭',
  ' \t\r\n',
  '"\\{}[]:,',
  '\0\u007f',
]

/** Well-formed; of one alphabet, mostly short. */
export function text(random: Random, most = 40): string {
  const letters = [...pick(random, ALPHABETS)]
  return listOf(random, most, () => pick(random, letters)).join('')
}

export function count(random: Random): number {
  return pick(random, [0, 1, randomInteger(random, 200), randomInteger(random, 2 ** 31), 2 ** 40])
}

/** Of every kind of number but -0, which comes back as 0. */
export function number(random: Random): number {
  const drawn = pick(random, [
    randomInteger(random, 128),
    randomInteger(random, 2 ** 32),
    -1 - randomInteger(random, 2 ** 33),
    random.next() * 1e6,
    random.next() * 1e-300,
    Number.MAX_SAFE_INTEGER,
    1e300,
  ])
  return drawn === 0 ? 0 : drawn
}

/** A value of a field that a row may have. */
export function scalar(random: Random): unknown {
  return pick(random, [text, number, () => true, () => false, () => null])(random)
}

/** What JSON can say, and JSON.parse would return. */
export function json(random: Random, depth = 3): unknown {
  if (depth === 0 || chance(random, 0.5)) return scalar(random)
  if (chance(random, 0.5)) return listOf(random, 5, () => json(random, depth - 1))
  return fields(random, () => json(random, depth - 1))
}

/** Whatever may travel in a record. */
export function value(random: Random, depth = 3): unknown {
  if (depth === 0 || chance(random, 0.4)) return scalar(random)
  const inner = () => value(random, depth - 1)
  return pick(random, [
    () => listOf(random, 6, inner),
    () => fields(random, inner),
    () => new Map(listOf(random, 4, () => [text(random), inner()])),
    () => new Set(listOf(random, 4, () => text(random))),
    () => new Date(randomInteger(random, 2 ** 31) * 1000),
    () => bytesOf(random, few(random, 40)),
    () => Float64Array.from(listOf(random, 5, () => number(random))),
    () => BigInt(randomInteger(random, 2 ** 32)) << BigInt(randomInteger(random, 80)),
    () => Number.NaN,
    () => undefined,
  ])()
}

export function fields(random: Random, one: () => unknown): Record<string, unknown> {
  return Object.fromEntries(
    listOf(random, 6, () => [`${pick(random, ['a', 'b', 'userId', 'ts'])}${text(random, 6)}`, one()]),
  )
}
