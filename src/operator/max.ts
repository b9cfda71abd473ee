import type { KeySelector } from '../kit/key.js'
import type { Combine, CombinedField } from './combined-field.js'
import type { Operator } from './operator.js'
import { RollingField } from './rolling-field.js'

const higher = ((held: number, value: number) => (value > held ? value : held)) as Combine

/** The highest value of a field so far, for each key. */
export function maxOperator(keyOf: KeySelector, field: string): Operator {
  return new RollingField(keyOf, maxField(field))
}

export function maxField(name: string): CombinedField {
  return { name, combine: higher }
}
