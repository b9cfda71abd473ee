import { assert } from '../kit/assert.js'
import { type CanonicalKey, canonicalKey } from '../kit/key.js'
import type { Captures } from './captures.js'
import { keptCopy } from './kept-copy.js'
import type { ValueState } from './keyed-state.js'

/** Where the state of one operator stands: the key whose turn it is, and the index of its group. One hidden class. */
export class KeyCursor {
  /** -1 before the first key. */
  group = -1
  /** Canonical, but for a string that nobody has asked about: what a map knows as it is needs no look at each letter. */
  key: CanonicalKey = ''
  /** Rises with every key that has its turn, so that what was found for it need not be found again. */
  turn = 0

  move(group: number, key: CanonicalKey): void {
    this.group = group
    this.key = key
    this.turn += 1
  }

  canonical(): CanonicalKey {
    if (typeof this.key === 'string') this.key = canonicalKey(this.key)
    return this.key
  }
}

/** The place of one value. A key that is read and written in one turn is looked up once. */
export interface Slot<T> {
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

/** One named state: a map for each key group, made when it is first written. */
export class HeapValueState<T> implements ValueState<T> {
  readonly #cursor: KeyCursor
  readonly #captures: Captures
  readonly #position: number
  readonly #where: string
  readonly #groups: (Map<CanonicalKey, Slot<T>> | undefined)[]
  /** The slot of the current key, as of `#turn`. */
  #slot: Slot<T> | undefined
  #turn = -1

  constructor({ cursor, captures, position, groups, where }: HeapValueStateOptions) {
    this.#cursor = cursor
    this.#captures = captures
    this.#position = position
    this.#where = where
    this.#groups = new Array<Map<CanonicalKey, Slot<T>> | undefined>(groups).fill(undefined)
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
      this.#slot = this.load(this.#cursor.group, this.#cursor.canonical(), value)
      return
    }
    if (slot.settledFor < this.#captures.newest) this.#keep(slot, slot.value)
    slot.value = value
  }

  clear(): void {
    const slot = this.#find()
    if (slot === undefined) return
    if (slot.settledFor < this.#captures.newest) this.#keep(slot, slot.value)
    const { group, key } = this.#cursor
    this.#slot = undefined
    const slots = this.#groups[group]
    if (slots?.delete(key) === true && slots.size === 0) this.#groups[group] = undefined
  }

  /** Puts a value in a place that has none, of which no capture knows: for `set` and for what is restored. */
  load(group: number, key: CanonicalKey, value: T): Slot<T> {
    const slot = { value, settledFor: this.#captures.newest }
    const slots = this.#groups[group]
    if (slots === undefined) this.#groups[group] = new Map([[key, slot]])
    else {
      const { size } = slots
      slots.set(key, slot)
      if (slots.size === size) assert(false, 'an entry of a snapshot is in one of its parts', { group, key })
    }
    return slot
  }

  hasAny(group: number): boolean {
    return this.#groups[group] !== undefined
  }

  /** Keys and slots of a group. Goes on over writes: what is cleared is not met any more, what is new comes last. */
  slotsOf(group: number): IterableIterator<[CanonicalKey, Slot<T>]> {
    return (this.#groups[group] ?? NOTHING).entries() as IterableIterator<[CanonicalKey, Slot<T>]>
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
    this.#slot = slots?.get(cursor.key) ?? slots?.get(cursor.canonical())
    return this.#slot
  }
}

const NOTHING = new Map<never, never>()
