import { assert } from '../kit/assert.js'
import { type CanonicalKey, canonicalKey } from '../kit/key.js'
import { copyOfOwned } from '../record/owned-copy.js'
import type { Row } from '../record/plain-row.js'
import type { Captures } from './captures.js'
import { keptCopy } from './kept-copy.js'
import type { RowState, ValueState } from './keyed-state.js'
import { type KnownShape, type LoadedValues, ValueList } from './value-list.js'
import { ValueTable } from './value-table.js'

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
export class HeapValueState implements ValueState<unknown>, RowState {
  readonly #cursor: KeyCursor
  readonly #captures: Captures
  readonly #position: number
  readonly #where: string
  readonly #groups: (ValueTable | undefined)[]
  readonly #known: KnownShape = { shape: undefined }
  /** The table of the current key's group and the position in it, -1 for nowhere, as of `#turn`. */
  #table: ValueTable | undefined
  #at = -1
  #turn = -1

  constructor({ cursor, captures, position, groups, where }: HeapValueStateOptions) {
    this.#cursor = cursor
    this.#captures = captures
    this.#position = position
    this.#where = where
    this.#groups = new Array<ValueTable | undefined>(groups).fill(undefined)
  }

  /** What is no row in columns may be changed in place and set again, so handing out an object counts as writing it. */
  get(): unknown {
    const at = this.#find()
    if (at < 0) return undefined
    const { values, settledFor } = this.#table!
    const value = values.at(at)
    if (typeof value === 'object' && settledFor[at]! < this.#captures.newest && !values.isInColumns(at))
      this.#keepCopy(value)
    return value
  }

  set(value: unknown): void {
    const at = this.#find()
    if (at < 0) {
      const { group, hash } = this.#cursor
      const table = this.#tableOf(group)
      this.#at = table.add(this.#cursor.canonical(), hash, this.#captures.newest)
      table.values.push(value)
      this.#table = table
      return
    }
    this.#keep(at)
    this.#table!.values.set(at, value)
  }

  clear(): void {
    const at = this.#find()
    if (at < 0) return
    this.#keep(at)
    const table = this.#table!
    table.delete(at)
    this.#at = -1
    if (table.keys.size === 0) this.#groups[this.#cursor.group] = undefined
  }

  has(): boolean {
    return this.#find() >= 0
  }

  getField(name: string): unknown {
    const at = this.#find()
    return at < 0 ? undefined : this.#table!.values.fieldAt(at, name)
  }

  setField(name: string, value: number | bigint): void {
    const at = this.#find()
    assert(at >= 0, 'there is a row')
    const { values, settledFor } = this.#table!
    if (settledFor[at]! < this.#captures.newest) {
      if (values.isInColumns(at)) this.#keep(at)
      else this.#keepCopy(values.at(at))
    }
    values.setFieldAt(at, name, value)
  }

  copy(): Row {
    const at = this.#find()
    assert(at >= 0, 'there is a row')
    const { values } = this.#table!
    const row = values.at(at) as Row
    return values.isInColumns(at) ? row : copyOfOwned(row)
  }

  /** What a snapshot held. @param hashes of the keys */
  load(group: number, keys: readonly CanonicalKey[], hashes: readonly number[], values: LoadedValues): void {
    const table = this.#tableOf(group)
    for (let i = 0; i < keys.length; i++) {
      if (table.keys.find(keys[i]!, hashes[i]!) >= 0)
        assert(false, 'an entry of a snapshot is in one of its parts', { group, key: keys[i] })
      table.add(keys[i]!, hashes[i]!, this.#captures.newest)
    }
    table.values.pushAll(values)
  }

  hasAny(group: number): boolean {
    return this.#groups[group] !== undefined
  }

  tableAt(group: number): ValueTable | undefined {
    return this.#groups[group]
  }

  /** For what is kept of its values. */
  emptyList(): ValueList {
    return new ValueList(this.#known)
  }

  #tableOf(group: number): ValueTable {
    const table = this.#groups[group]
    if (table !== undefined) return table
    const fresh = new ValueTable(this.#known)
    this.#groups[group] = fresh
    return fresh
  }

  /** Hands over to captures what they need of the current key's value, before it changes. */
  #keep(at: number): void {
    const { values, settledFor } = this.#table!
    const settled = settledFor[at]!
    if (settled === this.#captures.newest) return
    const { group, key } = this.#cursor
    this.#captures.keepFrom(settled, this.#position, group, key, values, at)
    settledFor[at] = this.#captures.newest
  }

  /** The same of an object that may be changed in place. */
  #keepCopy(value: unknown): void {
    const { settledFor } = this.#table!
    const { group, key } = this.#cursor
    if (this.#captures.isAnyOpen)
      this.#captures.keepValue(
        settledFor[this.#at]!,
        this.#position,
        group,
        key,
        keptCopy(value, this.#where),
      )
    settledFor[this.#at] = this.#captures.newest
  }

  #find(): number {
    const cursor = this.#cursor
    if (cursor.turn === this.#turn) return this.#at
    if (cursor.group < 0) assert(false, 'state is read and written under a key')
    this.#turn = cursor.turn
    this.#table = this.#groups[cursor.group]
    this.#at = this.#findIn(this.#table)
    return this.#at
  }

  #findIn(table: ValueTable | undefined): number {
    if (table === undefined) return -1
    const { key, hash } = this.#cursor
    const at = table.keys.find(key, hash)
    // Not known as it is, but perhaps as it is written well.
    return at >= 0 || typeof key !== 'string' ? at : table.keys.find(this.#cursor.canonical(), hash)
  }
}
