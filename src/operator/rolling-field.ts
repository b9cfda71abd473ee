import type { KeySelector } from '../kit/key.js'
import { type Combine, type CombinedField, notANumber, otherType, type Row } from './combined-field.js'
import type { Operator, OperatorContext } from './operator.js'
import { copyOfOwned, ownedCopy } from './owned-copy.js'
import { UNOPENED, unopenedState } from './unopened.js'

/**
 * What sum, min and max have in common: for each key the first record, one field of it combined with that of each
 * further record. Each record sends one out: a copy, as what is kept goes on changing.
 */
export class RollingField implements Operator {
  readonly #keyOf: KeySelector
  readonly #field: string
  readonly #combine: Combine
  #ctx = UNOPENED
  #state = unopenedState<Row>()

  constructor(keyOf: KeySelector, { name, combine }: CombinedField) {
    this.#keyOf = keyOf
    this.#field = name
    this.#combine = combine
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
      const value = record[field]
      if (typeof value !== 'number' && typeof value !== 'bigint') throw notANumber(field, record, value, ctx)
      const held = this.#state.get()
      if (held === undefined) {
        this.#state.set(ownedCopy(record))
        ctx.emit(ownedCopy(record))
      } else {
        const before = held[field]
        if (typeof before !== typeof value) throw otherType(field, record, before, ctx)
        held[field] = this.#combine(before as never, value as never)
        this.#state.set(held)
        ctx.emit(copyOfOwned(held))
      }
    }
  }
}
