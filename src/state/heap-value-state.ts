import { assert } from '../kit/assert.js'
import { type CanonicalKey, canonicalKey } from '../kit/key.js'
import type { Captures } from './captures.js'
import { keptCopy } from './kept-copy.js'
import { KeyTable } from './key-table.js'
import type { ValueState } from './keyed-state.js'

/** Where the state of one operator stands: the key whose turn it is, and the index of its group. One hidden class. */
export class KeyCursor {
  /** -1 before the first key. */
  group = -1
  /** Canonical, but for a string that nobody has asked about: what a table knows as it is needs no look at each letter. */
  key: CanonicalKey = ''
  /** Of the key, 32 bits. */
  hash = 0
  /** Rises with every key that has its turn, so that what was found for it need not be found again. */
  turn = 0

  move(group: number, key: CanonicalKey, hash: number): void {
    this.group = group
    this.key = key
    this.hash = hash
    this.turn += 1
  }

  canonical(): CanonicalKey {
    if (typeof this.key === 'string') this.key = canonicalKey(this.key)
    return this.key
  }
}

/** The place of one value. A key that is read and written in one turn is looked up once. */
export interface Slot<T> {
  readonly key: CanonicalKey
  readonly hash: number
  value: T
  /** No capture up to this number needs its value (`captures.ts`). */
  settledFor: number
}

export interface HeapValueStateOptions {
  readonly cursor: KeyCursor
  readonly captures: Captures
  /** By which snapshots name it. */
  readonly position: number
  /** How many key groups its subtask has. */
  readonly groups: number
  /** Names the operator in errors. */
  readonly where: string
}

/** One named state: a table for each key group, made when it is first written. */
export class HeapValueState<T> implements ValueState<T> {
  readonly #cursor: KeyCursor
  readonly #captures: Captures
  readonly #position: number
  readonly #where: string
  readonly #groups: (KeyTable<Slot<T>> | undefined)[]
  /** The slot of the current key, as of `#turn`. */
  #slot: Slot<T> | undefined
  #turn = -1

  constructor({ cursor, captures, position, groups, where }: HeapValueStateOptions) {
    this.#cursor = cursor
    this.#captures = captures
    this.#position = position
    this.#where = where
    this.#groups = new Array<KeyTable<Slot<T>> | undefined>(groups).fill(undefined)
  }

  /** What is read may be changed in place and set again, so handing out an object counts as writing it. */
  get(): T | undefined {
    const slot = this.#find()
    if (slot === undefined) return undefined
    const { value } = slot
    if (slot.settledFor < this.#captures.newest && typeof value === 'object') this.#keepCopy(slot)
    return value
  }

  set(value: T): void {
    const slot = this.#find()
    if (slot === undefined) {
      const { group, hash } = this.#cursor
      this.#slot = this.#add(group, this.#cursor.canonical(), hash, value)
      return
    }
    if (slot.settledFor < this.#captures.newest) this.#keep(slot, slot.value)
    slot.value = value
  }

  clear(): void {
    const slot = this.#find()
    if (slot === undefined) return
    if (slot.settledFor < this.#captures.newest) this.#keep(slot, slot.value)
    const { group } = this.#cursor
    this.#slot = undefined
    const slots = this.#groups[group]!
    slots.delete(slot)
    if (slots.size === 0) this.#groups[group] = undefined
  }

  /** What a snapshot held. @param hash of the key */
  load(group: number, key: CanonicalKey, hash: number, value: T): void {
    if (this.#groups[group]?.find(key, hash) !== undefined)
      assert(false, 'an entry of a snapshot is in one of its parts', { group, key })
    this.#add(group, key, hash, value)
  }

  hasAny(group: number): boolean {
    return this.#groups[group] !== undefined
  }

  /** Goes on over writes: what is cleared is not met any more, what is new is met last, and some may be met again. */
  slotsOf(group: number): Iterable<Slot<T>> {
    return this.#groups[group]?.entries() ?? []
  }

  /** Puts a value in a place that has none, of which no capture knows. */
  #add(group: number, key: CanonicalKey, hash: number, value: T): Slot<T> {
    const slot = { key, hash, value, settledFor: this.#captures.newest }
    let slots = this.#groups[group]
    if (slots === undefined) {
      slots = new KeyTable()
      this.#groups[group] = slots
    }
    slots.add(slot)
    return slot
  }

  #keepCopy(slot: Slot<T>): void {
    this.#keep(slot, this.#captures.isAnyOpen ? keptCopy(slot.value, this.#where) : undefined)
  }

  /** Hands over to captures what they need of the current key's value, before it changes. */
  #keep(slot: Slot<T>, value: unknown): void {
    const { group, key } = this.#cursor
    this.#captures.keepValue(slot.settledFor, this.#position, group, key, value)
    slot.settledFor = this.#captures.newest
  }

  #find(): Slot<T> | undefined {
    const cursor = this.#cursor
    if (cursor.turn === this.#turn) return this.#slot
    if (cursor.group < 0) assert(false, 'state is read and written under a key')
    this.#turn = cursor.turn
    const slots = this.#groups[cursor.group]
    this.#slot = slots?.find(cursor.key, cursor.hash) ?? slots?.find(cursor.canonical(), cursor.hash)
    return this.#slot
  }
}
