import type { Key } from '../kit/key.js'
import type { Row } from '../record/plain-row.js'
import type { Capture, PartStore } from './snapshot.js'

/**
 * Keyed state of one operator on one subtask, by key group. `setCurrentKey` first, then the handles read and write
 * the state of that key. Values are owned by the state: what is read is not mutated by the caller unless it writes it
 * back in the same turn.
 */
export interface KeyedStateBackend {
  /** The state called `name`; the same name gives the same handle. Restored values are there at once. */
  value<T>(name: string): ValueState<T>
  /** The same state, whose values are rows. */
  row(name: string): RowState
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

/** A row for each key, of which single fields are read and written. */
export interface RowState {
  set(row: Row): void
  has(): boolean
  /** Undefined also when there is no row. */
  getField(name: string): unknown
  /** There is a row, and it has the field. */
  setField(name: string, value: number | bigint): void
  /** Of the row that is there: it shares nothing with the state. */
  copy(): Row
}

/** Processing-time timers, part of the snapshot. Equal (key, time, tag) are one timer. */
export interface TimerService {
  /** @param at milliseconds since 1970 */
  set(at: number, tag?: string): void
  cancel(at: number, tag?: string): void
}
