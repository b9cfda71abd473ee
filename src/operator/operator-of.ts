import { assertNever } from '../kit/assert.js'
import { CombineOperator } from './combine.js'
import { CountOperator } from './count.js'
import { FilterOperator } from './filter.js'
import { FlatMapOperator } from './flat-map.js'
import { MapOperator } from './map.js'
import { maxOperator } from './max.js'
import { minOperator } from './min.js'
import type { Operator } from './operator.js'
import type { OperatorSpec } from './operator-spec.js'
import { ProcessOperator } from './process.js'
import { ReduceOperator } from './reduce.js'
import { sumOperator } from './sum.js'

/** The operator that `spec` describes. */
export function operatorOf(spec: OperatorSpec): Operator {
  switch (spec.kind) {
    case 'map':
      return new MapOperator(spec.map)
    case 'filter':
      return new FilterOperator(spec.keep)
    case 'flat-map':
      return new FlatMapOperator(spec.expand)
    case 'combine':
      return new CombineOperator(spec)
    case 'sum':
      return sumOperator(spec.keyOf, spec.field)
    case 'min':
      return minOperator(spec.keyOf, spec.field)
    case 'max':
      return maxOperator(spec.keyOf, spec.field)
    case 'count':
      return new CountOperator(spec.keyOf, spec.isOfCounts)
    case 'reduce':
      return new ReduceOperator(spec.keyOf, spec.reduce)
    case 'process':
      return new ProcessOperator(spec.keyOf, spec.process)
    default:
      return assertNever(spec)
  }
}

/** Whether it keeps state by key. */
export function isKeyed(spec: OperatorSpec): boolean {
  return 'keyOf' in spec
}
