import type { KeySelector } from '../kit/key.js'
import type { Operator } from './operator.js'
import { type Combine, RollingField } from './rolling-field.js'

/** The lowest value of a field so far, for each key. */
export function minOperator(keyOf: KeySelector, field: string): Operator {
  return new RollingField(keyOf, field, ((held: number, value: number) =>
    value < held ? value : held) as Combine)
}
