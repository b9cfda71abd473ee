import { type Random, randomInteger } from '#src/kit/random.js'

/** Choices out of a `Random`: the same seed chooses the same. */
export class Dice {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  chance(share: number): boolean {
    return this.#random.next() < share
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + randomInteger(this.#random, max - min + 1)
  }

  /** The same, where each power of two has an equal share: small numbers often, large ones now and then. */
  scaled(min: number, max: number): number {
    return Math.min(max, Math.floor(min * ((max + 1) / min) ** this.#random.next()))
  }

  pick<const Choices extends readonly [unknown, ...unknown[]]>(choices: Choices): Choices[number] {
    return choices[randomInteger(this.#random, choices.length)]
  }

  /** An index of `list`, which is not empty. */
  index(list: readonly unknown[]): number {
    return randomInteger(this.#random, list.length)
  }

  /** Below 1, low numbers more often the higher `skew` is: 1 is even. */
  skewed(skew: number): number {
    return this.#random.next() ** skew
  }
}
