import type { KeySelector } from '../kit/key.js'
import type { Combine, CombinedField } from './combined-field.js'
import type { Operator } from './operator.js'
import { RollingField } from './rolling-field.js'

const lower = ((held: number, value: number) => (value < held ? value : held)) as Combine

/** The lowest value of a field so far, for each key. */
export function minOperator(keyOf: KeySelector, field: string): Operator {
  return new RollingField(keyOf, minField(field))
}

export function minField(name: string): CombinedField {
  return { name, combine: lower }
}
