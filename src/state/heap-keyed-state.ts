import type { Key } from '../kit/key.js'
import type { KeyedStateBackend, TimerService, ValueState } from './keyed-state.js'
import type { Capture } from './snapshot.js'

export interface HeapKeyedStateOptions {
  readonly maxParallelism: number
  readonly parallelism: number
  readonly subtask: number
  /** Names the operator in errors. */
  readonly where: string
}

/** Signatures first; the body follows. */
export declare class HeapKeyedState implements KeyedStateBackend {
  constructor(options: HeapKeyedStateOptions)
  /** Loads the groups of this subtask from the bytes of a KeyedPart (of any subtask of any parallelism). `name` for errors. */
  restore(bytes: Uint8Array, name: string): void
  value<T>(name: string): ValueState<T>
  setCurrentKey(key: Key): void
  readonly currentKey: Key
  readonly timers: TimerService
  capture(): Capture
  /** When the earliest timer is due, milliseconds since 1970. */
  readonly nextTimerAt: number | undefined
  /** Takes one timer that is due at `wallTime`, and makes its key the current one. */
  takeDueTimer(wallTime: number): { readonly key: Key; readonly at: number; readonly tag: string | undefined } | undefined
}
