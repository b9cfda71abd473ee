import type { Key, KeySelector } from '../kit/key.js'
import { ownedCopy } from '../record/owned-copy.js'
import type { KeyCount } from './of-combined.js'
import type { Operator, OperatorContext } from './operator.js'
import { UNOPENED, unopenedState } from './unopened.js'

/** How many records each key has had: `{ key, count }` for each record. */
export class CountOperator implements Operator {
  readonly #keyOf: KeySelector
  readonly #isOfCounts: boolean
  #ctx = UNOPENED
  #state = unopenedState<number>()

  /** @param isOfCounts records are counts themselves, of a combiner: each stands for as many */
  constructor(keyOf: KeySelector, isOfCounts = false) {
    this.#keyOf = keyOf
    this.#isOfCounts = isOfCounts
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
    this.#state = ctx.keyed.value('count')
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      const key: Key = this.#keyOf(record)
      ctx.keyed.setCurrentKey(key)
      const count = (this.#state.get() ?? 0) + (this.#isOfCounts ? (record as KeyCount).count : 1)
      this.#state.set(count)
      const counted: KeyCount = { key: ownedCopy(key), count }
      ctx.emit(counted)
    }
  }
}
