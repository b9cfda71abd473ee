import type { KeySelector } from '../kit/key.js'
import type { Operator } from './operator.js'
import { type Combine, RollingField } from './rolling-field.js'

/** The highest value of a field so far, for each key. */
export function maxOperator(keyOf: KeySelector, field: string): Operator {
  return new RollingField(keyOf, field, ((held: number, value: number) =>
    value > held ? value : held) as Combine)
}
