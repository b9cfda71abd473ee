import type { KeySelector } from '../kit/key.js'
import type { Combine, CombinedField } from './combined-field.js'
import type { Operator } from './operator.js'
import { RollingField } from './rolling-field.js'

const add = ((held: number, value: number) => held + value) as Combine

/** The sum of a field so far, for each key. */
export function sumOperator(keyOf: KeySelector, field: string): Operator {
  return new RollingField(keyOf, sumField(field))
}

export function sumField(name: string): CombinedField {
  return { name, combine: add }
}
