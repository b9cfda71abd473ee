import type { Random } from './random.js'

/**
 * Random numbers that can be taken up again anywhere: those at an index depend on seed and index alone, whatever was
 * drawn before. A generator that goes on from a checkpoint makes the same records, and an oracle may count them in any
 * order. The numbers are a contract for ever.
 *
 * One object serves all indices, so that a record costs no allocation: `at(i)` moves it there and returns it.
 */
export class IndexedRandom implements Random {
  readonly #first: number
  readonly #second: number
  #state = 0

  /** @param seed a safe integer */
  constructor(seed: number) {
    const high = Math.floor(seed / WORD) | 0
    this.#first = mixed((seed | 0) ^ mixed(high ^ 0x9e3779b9))
    this.#second = mixed(this.#first ^ 0x85ebca6b)
    this.at(0)
  }

  /**
   * Moves to `index`, a whole number below 2 ** 53. Two rounds, each with its own word of the seed: no two indices
   * below 2 ** 32 begin alike, and the sequences of two seeds are not one another's in a different order.
   */
  at(index: number): this {
    const high = Math.floor(index / WORD) | 0
    this.#state = mixed((mixed((index | 0) ^ this.#first) + this.#second + Math.imul(high, 0x9e3779b1)) | 0)
    return this
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    const state = this.#state
    let drawn = Math.imul(state ^ (state >>> 15), state | 1)
    drawn ^= drawn + Math.imul(drawn ^ (drawn >>> 7), drawn | 61)
    return ((drawn ^ (drawn >>> 14)) >>> 0) / WORD
  }
}

const WORD = 4_294_967_296

/** Murmur3's last step: every bit of the word depends on every other, and no two words become one. */
function mixed(word: number): number {
  let bits = word
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
