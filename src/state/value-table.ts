import type { CanonicalKey } from '../kit/key.js'
import { KeyTable } from './key-table.js'
import { type KnownShape, ValueList } from './value-list.js'

/** The values of one key group of one state, by key. */
export class ValueTable {
  readonly keys = new KeyTable((staying) => this.#closeUp(staying))
  readonly values: ValueList
  /** By position: no capture up to this number needs the value (`captures.ts`). */
  settledFor: number[] = []
  /** How often positions have changed. */
  #closings = 0

  constructor(known: KnownShape) {
    this.values = new ValueList(known)
  }

  /** Its position. The key must not be there yet, and no capture knows of it. */
  add(key: CanonicalKey, hash: number, newest: number): number {
    const position = this.keys.add(key, hash)
    this.settledFor.push(newest)
    return position
  }

  delete(position: number): void {
    this.keys.delete(position)
    this.values.forget(position)
  }

  /**
   * The positions of all keys. Goes on over changes: what is deleted is not met any more, what is added comes last. When
   * positions change it begins again, so a key that was met may be met twice.
   */
  *positions(): Generator<number, void> {
    let closings = this.#closings
    for (let position = 0; position < this.keys.length; position++) {
      if (this.keys.keyAt(position) === undefined) continue
      yield position
      if (closings === this.#closings) continue
      closings = this.#closings
      position = -1
    }
  }

  #closeUp(staying: readonly number[]): void {
    this.values.closeUp(staying)
    this.settledFor = staying.map((position) => this.settledFor[position]!)
    this.#closings += 1
  }
}
