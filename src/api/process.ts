import type { Key } from '../kit/key.js'
import type { NotAPromise } from '../kit/not-a-promise.js'
import type { ProcessSpec } from '../operator/operator-spec.js'
import { asynchronous, type Place } from '../operator/user-code.js'
import type { ProcessContext, StateDescription, Timer, TypeOf } from './state.js'

/** Emits by calling `emit`; `emits` tells the type of what it emits. */
export interface EmittingProcess<K extends Key, T, State extends StateDescription, R> {
  readonly emits: TypeOf<R>
  readonly state?: State
  onRecord(this: void, record: T, ctx: ProcessContext<K, State>, emit: (record: R) => void): NotAPromise
  onTimer?(this: void, timer: Timer, ctx: ProcessContext<K, State>, emit: (record: R) => void): NotAPromise
}

/** Emits what its generators yield. */
export interface YieldingProcess<K extends Key, T, State extends StateDescription, R, L> {
  readonly emits?: never
  readonly state?: State
  onRecord(this: void, record: T, ctx: ProcessContext<K, State>): Generator<R, void, void> | void
  onTimer?(this: void, timer: Timer, ctx: ProcessContext<K, State>): Generator<L, void, void> | void
}

/** Both shapes, without their types. */
export interface UntypedProcess {
  readonly state?: StateDescription | undefined
  readonly onRecord: UntypedHandler
  readonly onTimer?: UntypedHandler
}

type UntypedHandler = (input: never, ctx: never, emit: never) => unknown

type Handler = (
  input: unknown,
  ctx: unknown,
  emit: (record: unknown) => void,
) => Iterable<unknown> | undefined

/** @param place whose process it is, for errors */
export function processSpecOf({ state = {}, onRecord, onTimer }: UntypedProcess, place: Place): ProcessSpec {
  return {
    state,
    onRecord: emitting(onRecord as unknown as Handler, place),
    ...(onTimer === undefined ? {} : { onTimer: emitting(onTimer as unknown as Handler, place) }),
  }
}

function emitting(
  handler: Handler,
  place: Place,
): (input: unknown, ctx: unknown, emit: (record: unknown) => void) => void {
  return (input, ctx, emit) => {
    const yielded = handler(input, ctx, emit)
    if (yielded === undefined) return
    if (yielded instanceof Promise) throw asynchronous(place)
    for (const record of yielded) emit(record)
  }
}
