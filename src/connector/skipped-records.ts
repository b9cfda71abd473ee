import { errorInfoOf } from '../kit/errors.js'
import type { Logger } from '../kit/logger.js'

/** So many are told one by one, after that whenever their number has doubled. */
const TOLD_ONE_BY_ONE = 8

/**
 * The records that a source passed over by policy: all of them counted, a sample of them logged. A topic of nothing but
 * bad records writes a line for each doubling of their number, not for each of them.
 */
export class SkippedRecords {
  readonly #logger: Logger
  #count = 0

  constructor(logger: Logger) {
    this.#logger = logger
  }

  get count(): number {
    return this.#count
  }

  add(reason: unknown, sample: string): void {
    const count = ++this.#count
    if (count > TOLD_ONE_BY_ONE && (count & (count - 1)) !== 0) return
    const { code, what, why, message } = errorInfoOf(reason)
    const told = code === undefined ? message : `${code} ${what}: ${why}`
    const fields = { skipped: count, reason: told }
    this.#logger.warn(told.includes(sample) ? fields : { ...fields, sample }, 'a bad record was skipped')
  }
}
