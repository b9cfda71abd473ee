import type { KeySelector } from '../kit/key.js'
import type { Operator, OperatorContext } from './operator.js'
import { ownedCopy } from './owned-copy.js'
import { UNOPENED, unopenedState } from './unopened.js'
import { userError } from './user-code.js'

type Reduce = (held: unknown, record: unknown) => unknown

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
      const next = held === undefined ? record : this.#reduced(held, record)
      this.#state.set(ownedCopy(next))
      ctx.emit(ownedCopy(next))
    }
  }

  #reduced(held: unknown, record: unknown): unknown {
    try {
      return this.#reduce(held, record)
    } catch (cause) {
      throw userError(this.#ctx, record, cause)
    }
  }
}
