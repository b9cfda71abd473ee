import type { Key } from '../kit/key.js'
import type { Capture, PartStore } from './snapshot.js'

/**
 * Keyed state of one operator on one subtask, by key group. `setCurrentKey` first, then the handles read and write
 * the state of that key. Values are owned by the state: what is read is not mutated by the caller unless it writes it
 * back in the same turn.
 */
export interface KeyedStateBackend {
  /** The state called `name`; the same name gives the same handle. Restored values are there at once. */
  value<T>(name: string): ValueState<T>
  setCurrentKey(key: Key): void
  readonly currentKey: Key
  readonly timers: TimerService
  /**
   * Fixes what a snapshot of this moment holds. What is not written since is encoded slice by slice; a value about to
   * be written is kept first, by itself (copy-on-write).
   * @param store where its parts go as they are encoded
   */
  capture(store: PartStore): Capture
}

export interface ValueState<T> {
  get(): T | undefined
  set(value: T): void
  clear(): void
}

/** Processing-time timers, part of the snapshot. Equal (key, time, tag) are one timer. */
export interface TimerService {
  /** @param at milliseconds since 1970 */
  set(at: number, tag?: string): void
  cancel(at: number, tag?: string): void
}
