import { type Duration, durationMs } from '../kit/duration.js'
import type { Key, KeySelector } from '../kit/key.js'
import { ownedCopy } from '../record/owned-copy.js'
import type { ValueState } from '../state/keyed-state.js'
import type { Operator, OperatorContext } from './operator.js'
import type { ProcessSpec } from './operator-spec.js'
import { UNOPENED } from './unopened.js'
import { userError } from './user-code.js'

/**
 * The user's own keyed operator: value state and processing-time timers. What the user's function emits is passed on
 * when it has returned, so that what it throws is never mistaken for what the next operator throws.
 */
export class ProcessOperator implements Operator {
  readonly #keyOf: KeySelector
  readonly #spec: ProcessSpec
  readonly #emitted: unknown[] = []
  readonly #emit = (record: unknown): void => {
    this.#emitted.push(record)
  }
  #ctx = UNOPENED
  #user: UserContext | undefined

  constructor(keyOf: KeySelector, spec: ProcessSpec) {
    this.#keyOf = keyOf
    this.#spec = spec
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
    this.#user = new UserContext(ctx, this.#spec)
  }

  process(records: readonly unknown[]): void {
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      this.#ctx.keyed.setCurrentKey(this.#keyOf(record))
      try {
        this.#spec.onRecord(record, this.#user, this.#emit)
      } catch (cause) {
        throw userError(this.#ctx, record, cause)
      }
      this.#passOn()
    }
  }

  onTimer(_key: Key, at: number, tag: string | undefined): void {
    const timer = { at, tag }
    try {
      this.#spec.onTimer?.(timer, this.#user, this.#emit)
    } catch (cause) {
      throw userError(this.#ctx, timer, cause)
    }
    this.#passOn()
  }

  #passOn(): void {
    const emitted = this.#emitted
    for (let i = 0; i < emitted.length; i++) this.#ctx.emit(emitted[i])
    emitted.length = 0
  }
}

/** What the user's functions see (`ProcessContext` in `api/state.ts`): everything is that of the current key. */
class UserContext {
  readonly state: Readonly<Record<string, ValueOfKey>>
  readonly timers: {
    set(at: number, tag?: string): void
    in(delay: Duration, tag?: string): void
    cancel(at: number, tag?: string): void
  }
  readonly #ctx: OperatorContext

  constructor(ctx: OperatorContext, { state }: ProcessSpec) {
    this.#ctx = ctx
    this.state = Object.fromEntries(
      Object.entries(state).map(([name, { initial }]) => [
        name,
        new ValueOfKey(ctx.keyed.value(name), initial),
      ]),
    )
    const { timers } = ctx.keyed
    this.timers = {
      set: (at, tag) => timers.set(at, tag),
      in: (delay, tag) => timers.set(ctx.wallTime() + durationMs(delay), tag),
      cancel: (at, tag) => timers.cancel(at, tag),
    }
  }

  get key(): Key {
    return this.#ctx.keyed.currentKey
  }

  now(): number {
    return this.#ctx.wallTime()
  }
}

/** A value handle with its initial value, of which each key has a copy. */
class ValueOfKey {
  readonly #state: ValueState<unknown>
  readonly #initial: unknown

  constructor(state: ValueState<unknown>, initial: unknown) {
    this.#state = state
    this.#initial = initial
  }

  get(): unknown {
    const value = this.#state.get()
    return value === undefined ? ownedCopy(this.#initial) : value
  }

  set(value: unknown): void {
    this.#state.set(value)
  }

  update(change: (value: unknown) => unknown): void {
    this.set(change(this.get()))
  }

  clear(): void {
    this.#state.clear()
  }
}
