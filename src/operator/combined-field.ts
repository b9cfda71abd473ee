import { RetakeError } from '../kit/errors.js'
import { type Place, printedSample } from './user-code.js'

/** The field of a row that sum, min and max are about, and what they make of two of them. */
export interface CombinedField {
  readonly name: string
  readonly combine: Combine
}

/** Number with number, bigint with bigint: which it is the first record of a key decides. */
export interface Combine {
  (held: number, value: number): number
  (held: bigint, value: bigint): bigint
}

/** RT1602: the field `name` of `record` has `value`. */
export function notANumber(
  name: string,
  record: unknown,
  value: unknown,
  { operator, where }: Place,
): RetakeError {
  const type = value === null ? 'null' : typeof value
  return new RetakeError('RT1602', {
    what: `the field ${JSON.stringify(name)} of ${JSON.stringify(operator)} is ${type}, not a number`,
    why: `the record is ${printedSample(record)}`,
    fix: 'map the field to a number or a bigint, or filter such records, before the keyBy',
    where,
  })
}

/** RT1602: it had a value of another type `before`, or none: the state is that of another field. */
export function otherType(
  name: string,
  record: unknown,
  before: unknown,
  { operator, where }: Place,
): RetakeError {
  const was = before === undefined ? 'missing' : `a ${typeof before}`
  return new RetakeError('RT1602', {
    what: `the field ${JSON.stringify(name)} of ${JSON.stringify(operator)} was ${was} before`,
    why: `number and bigint do not mix; the record is ${printedSample(record)}`,
    fix: 'map the field to one of the two before the keyBy',
    where,
  })
}
