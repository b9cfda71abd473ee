import type { KeySelector } from '../kit/key.js'
import type { Operator } from './operator.js'
import { type Combine, RollingField } from './rolling-field.js'

/** The sum of a field so far, for each key. */
export function sumOperator(keyOf: KeySelector, field: string): Operator {
  return new RollingField(keyOf, field, ((held: number, value: number) => held + value) as Combine)
}
