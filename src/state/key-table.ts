import type { CanonicalKey } from '../kit/key.js'

const FIRST_PLACES = 8
/** Numbers a place has. */
const PLACE = 2
/** 2^32 by the golden ratio: keys of one key group have many bits of their hashes in common, this tells them apart. */
const SPREAD = 0x9e3779b1 | 0

/**
 * Keys, each at a position, in the order in which they came: what belongs to them stands in lists beside it. Whoever
 * asks brings the hash of the key, which decides its key group anyway; a `Map` would hash each text again, by a call
 * into the engine when it has not met it before.
 *
 * A place has the hash of a key and its position, plus one; places are probed one after the other. Who is deleted
 * leaves a gap; when keys, gaps included, fill half of the places, they are closed up and dealt anew.
 */
export class KeyTable {
  #places = new Int32Array(FIRST_PLACES * PLACE)
  #shift = 32 - Math.log2(FIRST_PLACES)
  #keys: (CanonicalKey | undefined)[] = []
  #hashes: number[] = []
  #size = 0
  readonly #onClosedUp: (staying: readonly number[]) => void

  /** @param onClosedUp where those that stay, in order, have stood until now: position i is now that of `staying[i]` */
  constructor(onClosedUp: (staying: readonly number[]) => void) {
    this.#onClosedUp = onClosedUp
  }

  get size(): number {
    return this.#size
  }

  /** How many positions there are, gaps included. */
  get length(): number {
    return this.#keys.length
  }

  /** Undefined: a gap. */
  keyAt(position: number): CanonicalKey | undefined {
    return this.#keys[position]
  }

  /** Where `key` stands; -1: nowhere. @param hash of the key, 32 bits, signed (`kit/key-hash.ts`) */
  find(key: CanonicalKey, hash: number): number {
    const places = this.#places
    const last = places.length - 1
    for (let at = (Math.imul(hash, SPREAD) >>> this.#shift) * PLACE; ; at = (at + PLACE) & last) {
      const position = places[at]!
      if (position === 0) return -1
      if (places[at + 1] === hash && this.#keys[position - 1] === key) return position - 1
    }
  }

  /** Gives the key, which must not be there yet, the last position. Others may be closed up before. */
  add(key: CanonicalKey, hash: number): number {
    if (this.#keys.length * 2 * PLACE >= this.#places.length) this.#deal()
    const position = this.#keys.length
    this.#keys.push(key)
    this.#hashes.push(hash)
    this.#size += 1
    this.#place(position)
    return position
  }

  delete(position: number): void {
    this.#keys[position] = undefined
    this.#size -= 1
  }

  /** Room for as many keys again as there are. */
  #deal(): void {
    if (this.#size < this.#keys.length) this.#closeUp()
    let places = FIRST_PLACES
    while (places < this.#size * 4) places *= 2
    this.#places = new Int32Array(places * PLACE)
    this.#shift = 32 - Math.log2(places)
    for (let position = 0; position < this.#keys.length; position++) this.#place(position)
  }

  #closeUp(): void {
    const staying: number[] = []
    for (let position = 0; position < this.#keys.length; position++) {
      if (this.#keys[position] !== undefined) staying.push(position)
    }
    this.#keys = staying.map((position) => this.#keys[position])
    this.#hashes = staying.map((position) => this.#hashes[position]!)
    this.#onClosedUp(staying)
  }

  #place(position: number): void {
    const hash = this.#hashes[position]!
    const places = this.#places
    const last = places.length - 1
    let at = (Math.imul(hash, SPREAD) >>> this.#shift) * PLACE
    while (places[at] !== 0) at = (at + PLACE) & last
    places[at] = position + 1
    places[at + 1] = hash
  }
}
