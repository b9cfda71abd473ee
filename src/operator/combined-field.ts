import { RetakeError } from '../kit/errors.js'
import { type Place, printedSample } from './user-code.js'

export type Row = Record<string, unknown>

/** Number with number, bigint with bigint: which it is the first record of a key decides. */
export interface Combine {
  (held: number, value: number): number
  (held: bigint, value: bigint): bigint
}

/** The field of a row that sum, min and max are about. */
export class CombinedField {
  readonly name: string
  readonly #combine: (held: never, value: never) => unknown

  constructor(name: string, combine: Combine) {
    this.name = name
    this.#combine = combine
  }

  /** Throws RT1602 unless the field of `record` is a number or a bigint. */
  check(record: Row, place: Place): void {
    const value = record[this.name]
    if (typeof value !== 'number' && typeof value !== 'bigint') throw this.#notANumber(record, value, place)
  }

  /** Changes the field of `held` by that of `record`, which is checked. Throws RT1602 where their types differ. */
  addTo(held: Row, record: Row, place: Place): void {
    const before = held[this.name]
    const value = record[this.name]
    if (typeof before !== typeof value) throw this.#otherType(record, before, place)
    held[this.name] = this.#combine(before as never, value as never)
  }

  #notANumber(record: unknown, value: unknown, { operator, where }: Place): RetakeError {
    const type = value === null ? 'null' : typeof value
    return new RetakeError('RT1602', {
      what: `the field ${JSON.stringify(this.name)} of ${JSON.stringify(operator)} is ${type}, not a number`,
      why: `the record is ${printedSample(record)}`,
      fix: 'map the field to a number or a bigint, or filter such records, before the keyBy',
      where,
    })
  }

  #otherType(record: unknown, before: unknown, { operator, where }: Place): RetakeError {
    return new RetakeError('RT1602', {
      what: `the field ${JSON.stringify(this.name)} of ${JSON.stringify(operator)} was a ${typeof before} before`,
      why: `number and bigint do not mix; the record is ${printedSample(record)}`,
      fix: 'map the field to one of the two before the keyBy',
      where,
    })
  }
}
