import type { Duration } from '../kit/duration.js'
import type { Key } from '../kit/key.js'

/** State that a process operator has for each key, as `state.value(0)` describes it. */
export interface StateOf<T> {
  readonly initial: T
}

/** By name, what a process operator has for each key. */
export type StateDescription = Readonly<Record<string, StateOf<unknown>>>

/** Reads and writes the value that the current key has. */
export interface ValueHandle<T> {
  /** The initial value until one is set. A value that is changed in place must be set again. */
  get(): T
  /**
   * Replaces it. What a checkpoint cannot hold (a function, a class of the user's own) fails the job with RT1614.
   */
  set(value: T): void
  /** `set(change(get()))`. */
  update(change: (value: T) => T): void
  /** Back to the initial value. */
  clear(): void
}

export type Handles<State extends StateDescription> = {
  readonly [Name in keyof State]: ValueHandle<State[Name]['initial']>
}

/** Processing-time timers of the current key; they are in the checkpoints. Equal (key, time, tag) are one timer. */
export interface ProcessTimers {
  /** @param at milliseconds since 1970 */
  set(at: number, tag?: string): void
  /** Due when `delay` has passed. */
  in(delay: Duration, tag?: string): void
  /** Takes back the timer with this time and tag, if there is one. */
  cancel(at: number, tag?: string): void
}

/** What a process operator sees of the world while it deals with a record or a timer. */
export interface ProcessContext<K extends Key, State extends StateDescription> {
  /** That of the record, or of the timer. */
  readonly key: K
  /** A handle for each name that `state` describes; it reads and writes the value of `key`. */
  readonly state: Handles<State>
  /** Sets and cancels timers of `key`. */
  readonly timers: ProcessTimers
  /** Milliseconds since 1970, by the clock of the node. */
  now(): number
}

/** A timer that is due. */
export interface Timer {
  /** The time it was set to, in milliseconds since 1970; it may have passed. */
  readonly at: number
  /** What it was set with. */
  readonly tag: string | undefined
}

/** What a literal is widened to: `state.value(0)` holds any number. */
type Widened<T> = T extends number
  ? number
  : T extends string
    ? string
    : T extends boolean
      ? boolean
      : T extends bigint
        ? bigint
        : T

/** Describes what an operator keeps: `{ clicks: state.value(0) }`. */
export const state = {
  /** One value for each key. It is plain data; each key begins with a copy of `initial`. */
  value: <T>(initial: T): StateOf<Widened<T>> => ({ initial: initial as Widened<T> }),
} as const

/** Tells the type of records where no value can: `of<Total>()`. */
export interface TypeOf<T> {
  /** Never there. */
  readonly '~type'?: T | undefined
}

/** A type as a value: `emits: of<Total>()`. */
export function of<T>(): TypeOf<T> {
  return {}
}
