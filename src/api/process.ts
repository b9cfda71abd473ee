import type { Key } from '../kit/key.js'
import type { NotAPromise } from '../kit/not-a-promise.js'
import type { ProcessSpec } from '../operator/operator-spec.js'
import { asynchronous, type Place } from '../operator/user-code.js'
import type { ProcessContext, StateDescription, Timer, TypeOf } from './state.js'

/** Emits by calling `emit`; `emits` tells the type of what it emits. */
export interface EmittingProcess<K extends Key, T, State extends StateDescription, R> {
  /** `of<Row>()`: the type of what it emits. */
  readonly emits: TypeOf<R>
  /** What each key has: `{ clicks: state.value(0) }`. Found again, in a checkpoint, by these names. */
  readonly state?: State
  /**
   * Once for each record, in the order in which those of a key come. What it throws fails the job with RT1601.
   */
  onRecord(this: void, record: T, ctx: ProcessContext<K, State>, emit: (record: R) => void): NotAPromise
  /** Once for each timer that is due, with the state of the key that has set it. */
  onTimer?(this: void, timer: Timer, ctx: ProcessContext<K, State>, emit: (record: R) => void): NotAPromise
}

/** Emits what its generators yield. */
export interface YieldingProcess<K extends Key, T, State extends StateDescription, R, L> {
  /** What its generators yield tells it. */
  readonly emits?: never
  /** What each key has: `{ clicks: state.value(0) }`. Found again, in a checkpoint, by these names. */
  readonly state?: State
  /**
   * Once for each record, in the order in which those of a key come. What it throws fails the job with RT1601.
   */
  onRecord(this: void, record: T, ctx: ProcessContext<K, State>): Generator<R, void, void> | void
  /** Once for each timer that is due, with the state of the key that has set it. */
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
