import type { Operator, OperatorContext } from './operator.js'
import { UNOPENED } from './unopened.js'
import { asynchronous, userError } from './user-code.js'

/** One record for each. */
export class MapOperator implements Operator {
  readonly #map: (record: unknown) => unknown
  #ctx = UNOPENED

  constructor(map: (record: unknown) => unknown) {
    this.#map = map
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    for (let i = 0; i < records.length; i++) ctx.emit(this.#mapped(records[i]))
  }

  #mapped(record: unknown): unknown {
    let mapped: unknown
    try {
      mapped = this.#map(record)
    } catch (cause) {
      throw userError(this.#ctx, record, cause)
    }
    if (mapped instanceof Promise) throw asynchronous(this.#ctx)
    return mapped
  }
}
