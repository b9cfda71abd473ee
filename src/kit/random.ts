/** Randomness, injected everywhere: this file alone touches the process's source of it. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}

/** `Math.random`. */
export const systemRandom: Random = { next: () => Math.random() }

/** The same numbers for the same seed, for ever (mulberry32): simulations, generators and tests rely on it. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}

/** An integer in 0 … bound - 1. */
export function randomInteger(random: Random, bound: number): number {
  return Math.floor(random.next() * bound)
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'

/** A token of `length` letters and digits: 12 of them tell apart all that one cluster will ever start. */
export function randomToken(random: Random, length = 12): string {
  let token = ''
  while (token.length < length) token += ALPHABET[randomInteger(random, ALPHABET.length)]
  return token
}
