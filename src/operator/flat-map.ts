import type { Operator, OperatorContext } from './operator.js'
import { UNOPENED } from './unopened.js'
import { asynchronous, printedSample, userError } from './user-code.js'

/** Any number of records for each, one at a time: what is expanded is never held whole. */
export class FlatMapOperator implements Operator {
  readonly #expand: (record: unknown) => Iterable<unknown>
  #ctx = UNOPENED

  constructor(expand: (record: unknown) => Iterable<unknown>) {
    this.#expand = expand
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      const iterator = this.#expanded(record)
      for (let step = this.#step(iterator, record); step.done !== true; step = this.#step(iterator, record)) {
        ctx.emit(step.value)
      }
    }
  }

  /** The user's code runs here and in each step: what it throws is told apart from what the next operator throws. */
  #expanded(record: unknown): Iterator<unknown> {
    let expanded: Iterable<unknown>
    try {
      expanded = this.#expand(record)
    } catch (cause) {
      throw userError(this.#ctx, record, cause)
    }
    if (typeof expanded?.[Symbol.iterator] === 'function') return expanded[Symbol.iterator]()
    if (expanded instanceof Promise) throw asynchronous(this.#ctx)
    throw userError(
      this.#ctx,
      record,
      new TypeError(`it returned ${printedSample(expanded)}, which is no list`),
    )
  }

  #step(iterator: Iterator<unknown>, record: unknown): IteratorResult<unknown> {
    try {
      return iterator.next()
    } catch (cause) {
      throw userError(this.#ctx, record, cause)
    }
  }
}
