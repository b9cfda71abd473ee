import type { KeySelector } from '../kit/key.js'
import { ownedCopy } from '../record/owned-copy.js'
import type { Operator, OperatorContext } from './operator.js'
import { UNOPENED, unopenedState } from './unopened.js'
import { type Place, userError } from './user-code.js'

export type Reduce = (held: unknown, record: unknown) => unknown

/**
 * For each key its first record, combined with each further one by the user's function, which may change what it
 * holds in place: what is kept and what is emitted share nothing.
 */
export class ReduceOperator implements Operator {
  readonly #keyOf: KeySelector
  readonly #reduce: Reduce
  #ctx = UNOPENED
  #state = unopenedState<unknown>()

  constructor(keyOf: KeySelector, reduce: Reduce) {
    this.#keyOf = keyOf
    this.#reduce = reduce
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
    this.#state = ctx.keyed.value('held')
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      ctx.keyed.setCurrentKey(this.#keyOf(record))
      const held = this.#state.get()
      const next = held === undefined ? record : reduced(this.#reduce, held, record, ctx)
      this.#state.set(ownedCopy(next))
      ctx.emit(ownedCopy(next))
    }
  }
}

/** What `reduce` makes of both. Throws RT1601 for what it throws. */
export function reduced(reduce: Reduce, held: unknown, record: unknown, place: Place): unknown {
  try {
    return reduce(held, record)
  } catch (cause) {
    throw userError(place, record, cause)
  }
}
