import type { Key, KeySelector } from '../kit/key.js'
import type { Operator, OperatorContext } from './operator.js'
import { ownedCopy } from './owned-copy.js'
import { UNOPENED, unopenedState } from './unopened.js'

/** How many records each key has had: `{ key, count }` for each record. */
export class CountOperator implements Operator {
  readonly #keyOf: KeySelector
  #ctx = UNOPENED
  #state = unopenedState<number>()

  constructor(keyOf: KeySelector) {
    this.#keyOf = keyOf
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
    this.#state = ctx.keyed.value('count')
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    for (let i = 0; i < records.length; i++) {
      const key: Key = this.#keyOf(records[i])
      ctx.keyed.setCurrentKey(key)
      const count = (this.#state.get() ?? 0) + 1
      this.#state.set(count)
      ctx.emit({ key: ownedCopy(key), count })
    }
  }
}
