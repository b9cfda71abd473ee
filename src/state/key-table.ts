import type { CanonicalKey } from '../kit/key.js'

/** What stands in a table: it has its key, and the hash of that. */
export interface Keyed {
  readonly key: CanonicalKey
  /** 32 bits, signed (`kit/key-hash.ts`). */
  readonly hash: number
}

const FIRST_PLACES = 8
/** Numbers a place has. */
const PLACE = 2
/** 2^32 by the golden ratio: keys of one key group have many bits of their hashes in common, this tells them apart. */
const SPREAD = 0x9e3779b1 | 0

/**
 * Entries by key, in the order in which they came. Whoever asks brings the hash of the key, which decides its key group
 * anyway; a `Map` would hash each text again, by a call into the engine when it has not met it before.
 *
 * A place has the hash of an entry and its position, plus one; places are probed one after the other. Who is deleted
 * leaves a gap among the entries; when these, gaps included, fill half of the places, they are closed up and dealt anew.
 */
export class KeyTable<E extends Keyed> {
  #places = new Int32Array(FIRST_PLACES * PLACE)
  #shift = 32 - Math.log2(FIRST_PLACES)
  #entries: (E | undefined)[] = []
  #size = 0
  /** How often entries have been closed up. */
  #dealt = 0

  get size(): number {
    return this.#size
  }

  /** Room that it takes, used or not. */
  get places(): number {
    return this.#places.length / PLACE
  }

  find(key: CanonicalKey, hash: number): E | undefined {
    const places = this.#places
    const last = places.length - 1
    for (let at = (Math.imul(hash, SPREAD) >>> this.#shift) * PLACE; ; at = (at + PLACE) & last) {
      const position = places[at]!
      if (position === 0) return undefined
      if (places[at + 1] !== hash) continue
      const entry = this.#entries[position - 1]
      if (entry !== undefined && entry.key === key) return entry
    }
  }

  /** Its key must not be there yet. */
  add(entry: E): void {
    if (this.#entries.length * 2 * PLACE >= this.#places.length) this.#deal()
    this.#entries.push(entry)
    this.#size += 1
    this.#place(entry, this.#entries.length)
  }

  /** An entry that is there. */
  delete(entry: E): void {
    const places = this.#places
    const last = places.length - 1
    let at = (Math.imul(entry.hash, SPREAD) >>> this.#shift) * PLACE
    while (this.#entries[places[at]! - 1] !== entry) at = (at + PLACE) & last
    this.#entries[places[at]! - 1] = undefined
    this.#size -= 1
  }

  /**
   * Goes on over changes: what is deleted is not met any more, what is added comes last. When entries are closed up it
   * begins again, so one that was met may be met twice.
   */
  *entries(): Generator<E, void> {
    let dealt = this.#dealt
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i]
      if (entry === undefined) continue
      yield entry
      if (dealt === this.#dealt) continue
      dealt = this.#dealt
      i = -1
    }
  }

  /** Room for as many entries again as there are. */
  #deal(): void {
    let places = FIRST_PLACES
    while (places < this.#size * 4) places *= 2
    this.#places = new Int32Array(places * PLACE)
    this.#shift = 32 - Math.log2(places)
    this.#dealt += 1
    this.#entries = this.#entries.filter((entry) => entry !== undefined)
    for (let i = 0; i < this.#entries.length; i++) this.#place(this.#entries[i]!, i + 1)
  }

  #place(entry: E, position: number): void {
    const places = this.#places
    const last = places.length - 1
    let at = (Math.imul(entry.hash, SPREAD) >>> this.#shift) * PLACE
    while (places[at] !== 0) at = (at + PLACE) & last
    places[at] = position
    places[at + 1] = entry.hash
  }
}
