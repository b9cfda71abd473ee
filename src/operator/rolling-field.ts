import type { KeySelector } from '../kit/key.js'
import { ownedCopy } from '../record/owned-copy.js'
import type { Row } from '../record/plain-row.js'
import { type Combine, type CombinedField, notANumber, otherType } from './combined-field.js'
import type { Operator, OperatorContext } from './operator.js'
import { UNOPENED, unopenedRowState } from './unopened.js'

/**
 * What sum, min and max have in common: for each key the first record, one field of it combined with that of each
 * further record. Each record sends one out: a copy, as what is kept goes on changing.
 */
export class RollingField implements Operator {
  readonly #keyOf: KeySelector
  readonly #field: string
  readonly #combine: Combine
  #ctx = UNOPENED
  #state = unopenedRowState()

  constructor(keyOf: KeySelector, { name, combine }: CombinedField) {
    this.#keyOf = keyOf
    this.#field = name
    this.#combine = combine
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
    this.#state = ctx.keyed.row('row')
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
      const held = this.#state.getField(field)
      if (held === undefined && !this.#state.has()) this.#state.set(ownedCopy(record))
      else if (typeof held !== typeof value) throw otherType(field, record, held, ctx)
      else this.#state.setField(field, this.#combine(held as never, value as never))
      ctx.emit(this.#state.copy())
    }
  }
}
