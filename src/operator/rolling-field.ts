import type { KeySelector } from '../kit/key.js'
import type { CombinedField, Row } from './combined-field.js'
import type { Operator, OperatorContext } from './operator.js'
import { copyOfOwned, ownedCopy } from './owned-copy.js'
import { UNOPENED, unopenedState } from './unopened.js'

/**
 * What sum, min and max have in common: for each key the first record, one field of it combined with that of each
 * further record. Each record sends one out: a copy, as what is kept goes on changing.
 */
export class RollingField implements Operator {
  readonly #keyOf: KeySelector
  readonly #field: CombinedField
  #ctx = UNOPENED
  #state = unopenedState<Row>()

  constructor(keyOf: KeySelector, field: CombinedField) {
    this.#keyOf = keyOf
    this.#field = field
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
    this.#state = ctx.keyed.value('row')
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    const keyed = ctx.keyed
    const field = this.#field
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as Row
      keyed.setCurrentKey(this.#keyOf(record))
      field.check(record, ctx)
      const held = this.#state.get()
      if (held === undefined) {
        this.#state.set(ownedCopy(record))
        ctx.emit(ownedCopy(record))
      } else {
        field.addTo(held, record, ctx)
        this.#state.set(held)
        ctx.emit(copyOfOwned(held))
      }
    }
  }
}
