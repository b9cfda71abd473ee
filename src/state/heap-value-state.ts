import { assert } from '../kit/assert.js'
import type { CanonicalKey } from '../kit/key.js'
import type { CopyOnWrite } from './copy-on-write.js'
import type { ValueState } from './keyed-state.js'

/** Where the state of one operator stands: the key whose turn it is, and the index of its group. One hidden class. */
export class KeyCursor {
  /** -1 before the first key. */
  group = -1
  key: CanonicalKey = ''
}

/** One named state: a map for each key group, made when it is first written. */
export class HeapValueState<T> implements ValueState<T> {
  readonly #cursor: KeyCursor
  readonly #copies: CopyOnWrite
  readonly #groups: (Map<CanonicalKey, T> | undefined)[]

  constructor(cursor: KeyCursor, copies: CopyOnWrite, groups: number) {
    this.#cursor = cursor
    this.#copies = copies
    this.#groups = new Array<Map<CanonicalKey, T> | undefined>(groups).fill(undefined)
  }

  /**
   * What is read may be changed in place and set again, so handing out an object counts as writing it: a snapshot that
   * still needs its group is served first.
   */
  get(): T | undefined {
    const { group, key } = this.#cursor
    assert(group >= 0, 'state is read under a key')
    const value = this.#groups[group]?.get(key)
    if (typeof value === 'object' && this.#copies.isPending) this.#copies.beforeWrite(group)
    return value
  }

  set(value: T): void {
    const { group, key } = this.#cursor
    assert(group >= 0, 'state is written under a key')
    if (this.#copies.isPending) this.#copies.beforeWrite(group)
    this.load(group, key, value)
  }

  clear(): void {
    const { group, key } = this.#cursor
    assert(group >= 0, 'state is cleared under a key')
    if (this.#copies.isPending) this.#copies.beforeWrite(group)
    const values = this.#groups[group]
    if (values?.delete(key) === true && values.size === 0) this.#groups[group] = undefined
  }

  /** Puts a value in its place, past all captures: for `set` and for what is restored. */
  load(group: number, key: CanonicalKey, value: T): void {
    const values = this.#groups[group]
    if (values === undefined) this.#groups[group] = new Map([[key, value]])
    else values.set(key, value)
  }

  valuesOf(group: number): ReadonlyMap<CanonicalKey, T> | undefined {
    return this.#groups[group]
  }
}
