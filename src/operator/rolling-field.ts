import { RetakeError } from '../kit/errors.js'
import type { KeySelector } from '../kit/key.js'
import type { Operator, OperatorContext } from './operator.js'
import { copyOfOwned, ownedCopy } from './owned-copy.js'
import { UNOPENED, unopenedState } from './unopened.js'
import { printedSample } from './user-code.js'

type Row = Record<string, unknown>

/** Number with number, bigint with bigint: which it is the first record of a key decides. */
export interface Combine {
  (held: number, value: number): number
  (held: bigint, value: bigint): bigint
}

/**
 * What sum, min and max have in common: for each key the first record, one field of it combined with that of each
 * further record. Each record sends one out: a copy, as what is kept goes on changing.
 */
export class RollingField implements Operator {
  readonly #keyOf: KeySelector
  readonly #field: string
  readonly #combine: (held: never, value: never) => unknown
  #ctx = UNOPENED
  #state = unopenedState<Row>()

  constructor(keyOf: KeySelector, field: string, combine: Combine) {
    this.#keyOf = keyOf
    this.#field = field
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
      if (typeof value !== 'number' && typeof value !== 'bigint') throw this.#notANumber(record, value)
      const held = this.#state.get()
      if (held === undefined) {
        this.#state.set(ownedCopy(record))
        ctx.emit(ownedCopy(record))
      } else {
        const before = held[field]
        if (typeof before !== typeof value) throw this.#otherType(record, before)
        held[field] = this.#combine(before as never, value as never)
        this.#state.set(held)
        ctx.emit(copyOfOwned(held))
      }
    }
  }

  #notANumber(record: unknown, value: unknown): RetakeError {
    const type = value === null ? 'null' : typeof value
    return new RetakeError('RT1602', {
      what: `the field ${JSON.stringify(this.#field)} of ${JSON.stringify(this.#ctx.operator)} is ${type}, not a number`,
      why: `the record is ${printedSample(record)}`,
      fix: 'map the field to a number or a bigint, or filter such records, before the keyBy',
      where: this.#ctx.where,
    })
  }

  #otherType(record: unknown, before: unknown): RetakeError {
    return new RetakeError('RT1602', {
      what: `the field ${JSON.stringify(this.#field)} of ${JSON.stringify(this.#ctx.operator)} was a ${typeof before} before`,
      why: `number and bigint do not mix; the record is ${printedSample(record)}`,
      fix: 'map the field to one of the two before the keyBy',
      where: this.#ctx.where,
    })
  }
}
