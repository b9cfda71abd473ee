import type { Operator, OperatorContext } from './operator.js'
import { UNOPENED } from './unopened.js'
import { asynchronous, userError } from './user-code.js'

/** The records that the user's function keeps. */
export class FilterOperator implements Operator {
  readonly #keep: (record: unknown) => boolean
  #ctx = UNOPENED

  constructor(keep: (record: unknown) => boolean) {
    this.#keep = keep
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      if (this.#keeps(record)) ctx.emit(record)
    }
  }

  #keeps(record: unknown): boolean {
    let keeps: unknown
    try {
      keeps = this.#keep(record)
    } catch (cause) {
      throw userError(this.#ctx, record, cause)
    }
    if (typeof keeps === 'boolean') return keeps
    if (keeps instanceof Promise) throw asynchronous(this.#ctx)
    return Boolean(keeps)
  }
}
