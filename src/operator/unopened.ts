import { InvariantError } from '../kit/assert.js'
import type { RowState, ValueState } from '../state/keyed-state.js'
import type { OperatorContext } from './operator.js'

/** What an operator has in place of its context, and of its state, until it is opened. */
export const UNOPENED: OperatorContext = new Proxy({} as OperatorContext, { get: unopened })

export function unopenedState<T>(): ValueState<T> {
  return { get: unopened, set: unopened, clear: unopened }
}

export function unopenedRowState(): RowState {
  return { has: unopened, set: unopened, getField: unopened, setField: unopened, copy: unopened }
}

function unopened(): never {
  throw new InvariantError('an operator is opened before it is used')
}
