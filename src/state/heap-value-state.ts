import { assert } from '../kit/assert.js'
import { type CanonicalKey, canonicalKey } from '../kit/key.js'
import type { CopyOnWrite } from './copy-on-write.js'
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
interface Slot<T> {
  value: T
}

/** One named state: a map for each key group, made when it is first written. */
export class HeapValueState<T> implements ValueState<T> {
  readonly #cursor: KeyCursor
  readonly #copies: CopyOnWrite
  readonly #groups: (Map<CanonicalKey, Slot<T>> | undefined)[]
  /** The slot of the current key, as of `#turn`. */
  #slot: Slot<T> | undefined
  #turn = -1

  constructor(cursor: KeyCursor, copies: CopyOnWrite, groups: number) {
    this.#cursor = cursor
    this.#copies = copies
    this.#groups = new Array<Map<CanonicalKey, Slot<T>> | undefined>(groups).fill(undefined)
  }

  /**
   * What is read may be changed in place and set again, so handing out an object counts as writing it: a snapshot that
   * still needs its group is served first.
   */
  get(): T | undefined {
    const slot = this.#find()
    if (slot === undefined) return undefined
    const { value } = slot
    if (typeof value === 'object' && this.#copies.isPending) this.#copies.beforeWrite(this.#cursor.group)
    return value
  }

  set(value: T): void {
    const slot = this.#find()
    const { group } = this.#cursor
    if (this.#copies.isPending) this.#copies.beforeWrite(group)
    if (slot === undefined) this.#slot = this.load(group, this.#cursor.canonical(), value)
    else slot.value = value
  }

  clear(): void {
    if (this.#find() === undefined) return
    const { group, key } = this.#cursor
    if (this.#copies.isPending) this.#copies.beforeWrite(group)
    this.#slot = undefined
    const slots = this.#groups[group]
    if (slots?.delete(key) === true && slots.size === 0) this.#groups[group] = undefined
  }

  /** Puts a value in a place that has none, past all captures: for `set` and for what is restored. */
  load(group: number, key: CanonicalKey, value: T): Slot<T> {
    const slot = { value }
    const slots = this.#groups[group]
    if (slots === undefined) this.#groups[group] = new Map([[key, slot]])
    else slots.set(key, slot)
    return slot
  }

  sizeOf(group: number): number {
    return this.#groups[group]?.size ?? 0
  }

  /** What a snapshot holds of a group: keys, and their values in the same order. */
  entriesOf(group: number): readonly [keys: CanonicalKey[], values: T[]] {
    const slots = this.#groups[group]
    if (slots === undefined) return [[], []]
    return [[...slots.keys()], Array.from(slots.values(), ({ value }) => value)]
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
