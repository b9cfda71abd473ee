import { generator, type Random } from 'retake'

/** A whole number from 0 up to, but without, `below`. */
export function randomBelow(random: Random, below: number): number {
  return Math.floor(random.next() * below)
}

export function oneOf<T>(random: Random, choices: readonly T[]): T {
  return choices[randomBelow(random, choices.length)]!
}

const LENGTH = 1 << 16
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** Cut from for every text, so that a benchmark of a stream processor is not one of how letters are put together. */
const SOLID = textOf(1, (random) => oneOf(random, [...LETTERS]))
/** One in thirteen is a space. */
const SPACED = textOf(2, (random) => (randomBelow(random, 13) === 0 ? ' ' : oneOf(random, [...LETTERS])))

/** From 3 to `lengthMax` characters, fewer where it would begin or end with a space. */
export function randomWords(random: Random, lengthMax: number): string {
  return cutFrom(SPACED, random, 3 + randomBelow(random, lengthMax - 3)).trim()
}

/** Letters that bring an event of `bytes` to about `averageBytes`: 20% more or less. */
export function randomFiller(random: Random, bytes: number, averageBytes: number): string {
  const missing = averageBytes - bytes
  if (missing <= 0) return ''
  const spread = Math.round(missing * 0.2)
  return cutFrom(SOLID, random, missing - spread + randomBelow(random, 2 * spread + 1))
}

function cutFrom(text: string, random: Random, length: number): string {
  const from = randomBelow(random, text.length - length)
  return text.slice(from, from + length)
}

function textOf(seed: number, letter: (random: Random) => string): string {
  const random = generator.randomAt(seed, 0)
  return Array.from({ length: LENGTH }, () => letter(random)).join('')
}
