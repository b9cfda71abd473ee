import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import {
  type CanonicalKey,
  canonicalKey,
  type Key,
  type KeyType,
  keyOfCanonical,
  keyTypeOf,
  mixedKeys,
} from '../kit/key.js'
import { type GroupRange, groupRangeOf, keyGroupOf } from '../kit/key-group.js'
import { packValue, unpackValue } from '../record/value-codec.js'
import { CopyOnWrite } from './copy-on-write.js'
import { HeapValueState, KeyCursor } from './heap-value-state.js'
import { KeyedCapture } from './keyed-capture.js'
import { damaged, type EncodedGroup, readKeyedPart } from './keyed-part.js'
import type { KeyedStateBackend, TimerService, ValueState } from './keyed-state.js'
import { TimerQueue } from './timer-queue.js'

export interface HeapKeyedStateOptions {
  readonly maxParallelism: number
  readonly parallelism: number
  readonly subtask: number
  /** Names the operator in errors. */
  readonly where: string
}

/** What a group holds, as it is encoded: keys and values of each state, by its position, and timers. */
type GroupContent = readonly [
  states: readonly (readonly [state: number, keys: readonly CanonicalKey[], values: readonly unknown[]])[],
  timers: readonly (readonly [key: CanonicalKey, at: number, tag: string | undefined])[],
]

/**
 * Keyed state in the memory of its subtask: for each state and key group a map. Snapshots are copy-on-write by key
 * group, so a barrier costs next to nothing, and what a snapshot holds never changes under it.
 */
export class HeapKeyedState implements KeyedStateBackend {
  readonly timers: TimerService
  readonly #options: HeapKeyedStateOptions
  readonly #range: GroupRange
  readonly #cursor = new KeyCursor()
  readonly #copies = new CopyOnWrite((index) => this.#encoded(index))
  /** In the order of their first use: groups name a state by its position. */
  readonly #states = new Map<string, HeapValueState<unknown>>()
  readonly #timers = new TimerQueue()
  #keyType: KeyType | undefined
  #keyTypeIsRestored = false
  /** As it was given; only a tuple differs from what the cursor has. */
  #key: Key = ''

  constructor(options: HeapKeyedStateOptions) {
    this.#options = options
    this.#range = groupRangeOf(options.subtask, options.parallelism, options.maxParallelism)
    this.timers = {
      set: (at, tag) => {
        this.#timers.set(this.#timerOf(at, tag))
      },
      cancel: (at, tag) => {
        this.#timers.cancel(this.#timerOf(at, tag))
      },
    }
  }

  /**
   * Loads the groups of this subtask from the bytes of a KeyedPart, of any subtask of any parallelism.
   * @param name of the part, for errors
   */
  restore(bytes: Uint8Array, name: string): void {
    const { maxParallelism, keyType, states, groups } = readKeyedPart(bytes, name, this.#range)
    const own = this.#options.maxParallelism
    assert(maxParallelism === own, 'max parallelism never changes', { name, maxParallelism, own })
    if (keyType !== undefined) {
      if (this.#keyType !== undefined && this.#keyType !== keyType) throw this.#otherKeys(keyType)
      this.#keyType = keyType
      this.#keyTypeIsRestored = true
    }
    for (const { group, bytes: encoded } of groups) {
      const index = group - this.#range.first
      assert(!this.#holdsAny(index), 'a key group is in one part only', { name, group })
      this.#load(index, states, contentOf(encoded, name, group))
    }
  }

  value<T>(name: string): ValueState<T> {
    return this.#stateOf(name) as HeapValueState<T>
  }

  setCurrentKey(key: Key): void {
    if (typeof key !== this.#keyType) this.#meet(key)
    const group = keyGroupOf(key, this.#options.maxParallelism)
    const { first, last } = this.#range
    if (group < first || group > last) throw this.#foreignKey(key, group)
    this.#cursor.move(group - first, typeof key === 'string' ? key : canonicalKey(key))
    this.#key = key
  }

  get currentKey(): Key {
    assert(this.#cursor.group >= 0, 'there is a current key')
    return this.#keyType === 'tuple' ? this.#key : this.#cursor.canonical()
  }

  /** When the earliest timer is due, milliseconds since 1970. */
  get nextTimerAt(): number | undefined {
    return this.#timers.nextAt
  }

  /** Takes one timer that is due at `wallTime`, and makes its key the current one. */
  takeDueTimer(
    wallTime: number,
  ): { readonly key: Key; readonly at: number; readonly tag: string | undefined } | undefined {
    const timer = this.#timers.due(wallTime)
    if (timer === undefined) return undefined
    const { group, at, tag } = timer
    this.#copies.beforeWrite(group)
    this.#timers.cancel(timer)
    assert(this.#keyType !== undefined, 'a timer has a key')
    this.#cursor.move(group, timer.key)
    this.#key = keyOfCanonical(timer.key, this.#keyType)
    return { key: this.#key, at, tag }
  }

  /** The timers of `key`, earliest first, as a look at them needs it. */
  timersOf(key: Key): { readonly at: number; readonly tag: string | undefined }[] {
    const canonical = canonicalKey(key)
    return this.#timers
      .timersOf(keyGroupOf(key, this.#options.maxParallelism) - this.#range.first)
      .filter((timer) => timer.key === canonical)
      .sort((a, b) => a.at - b.at)
      .map(({ at, tag }) => ({ at, tag }))
  }

  capture(): KeyedCapture {
    const indices: number[] = []
    for (let index = 0; index <= this.#range.last - this.#range.first; index++) {
      if (this.#holdsAny(index)) indices.push(index)
    }
    const content = {
      maxParallelism: this.#options.maxParallelism,
      keyType: this.#keyType,
      states: [...this.#states.keys()],
    }
    const entriesOf = (index: number) => this.#entriesOf(index)
    return new KeyedCapture({ range: this.#range, copies: this.#copies, indices, entriesOf, content })
  }

  #stateOf(name: string): HeapValueState<unknown> {
    const known = this.#states.get(name)
    if (known !== undefined) return known
    const groups = this.#range.last - this.#range.first + 1
    const state = new HeapValueState<unknown>(this.#cursor, this.#copies, groups)
    this.#states.set(name, state)
    return state
  }

  #timerOf(at: number, tag: string | undefined) {
    const { group } = this.#cursor
    assert(group >= 0, 'a timer is set and cancelled under a key')
    if (!Number.isFinite(at)) throw this.#notATime(at)
    this.#copies.beforeWrite(group)
    return { group, key: this.#cursor.canonical(), at, tag }
  }

  #holdsAny(index: number): boolean {
    if (this.#timers.hasAny(index)) return true
    for (const state of this.#states.values()) if (state.sizeOf(index) > 0) return true
    return false
  }

  #entriesOf(index: number): number {
    let entries = this.#timers.hasAny(index) ? this.#timers.timersOf(index).length : 0
    for (const state of this.#states.values()) entries += state.sizeOf(index)
    return entries
  }

  #encoded(index: number): EncodedGroup {
    const states: [number, CanonicalKey[], unknown[]][] = []
    let position = 0
    for (const state of this.#states.values()) {
      if (state.sizeOf(index) > 0) states.push([position, ...state.entriesOf(index)])
      position += 1
    }
    const timers = this.#timers.timersOf(index).map(({ key, at, tag }) => [key, at, tag] as const)
    const bytes = packValue([states, timers] satisfies GroupContent, this.#options.where)
    return { group: this.#range.first + index, bytes: new Uint8Array(bytes) }
  }

  #load(index: number, names: readonly string[], [states, timers]: GroupContent): void {
    for (const [position, keys, values] of states) {
      const state = this.#stateOf(names[position]!)
      keys.forEach((key, i) => {
        state.load(index, key, values[i])
      })
    }
    for (const [key, at, tag] of timers) this.#timers.set({ group: index, key, at, tag })
  }

  /** The first key, a tuple, or a fault. */
  #meet(key: Key): void {
    const type = keyTypeOf(key)
    if (this.#keyType !== undefined && this.#keyType !== type) {
      throw this.#keyTypeIsRestored ? this.#otherKeys(type) : mixedKeys(this.#keyType, type)
    }
    this.#keyType = type
  }

  #otherKeys(type: KeyType): RetakeError {
    return new RetakeError('RT1222', {
      what: `a key is a ${type}, and the restored state has keys that are a ${this.#keyType}`,
      why: 'state is found by its key, and keys of another type are other keys',
      fix: 'give the operator a new id, so that it begins without state, or key by the type that it had',
      where: this.#options.where,
    })
  }

  #foreignKey(key: Key, group: number): RetakeError {
    const { subtask, where } = this.#options
    return new RetakeError('RT1615', {
      what: `a record came to subtask ${subtask} by another key than ${JSON.stringify(String(key))}, which is of key group ${group}`,
      why: 'its key selector gave one key where the record was sent and another where it arrived',
      fix: 'let the key depend on nothing but the fields of the record: no clock, no random, no state, no changed record',
      where,
    })
  }

  #notATime(at: unknown): RetakeError {
    return new RetakeError('RT1616', {
      what: `${String(at)} is no time for a timer`,
      why: 'a timer is due at a number of milliseconds since 1970',
      fix: 'compute it from the current time, for example ctx.now() + 60_000',
      where: this.#options.where,
    })
  }
}

function contentOf(bytes: Uint8Array, name: string, group: number): GroupContent {
  try {
    return unpackValue(bytes) as GroupContent
  } catch (cause) {
    throw damaged(name, `key group ${group} cannot be read`, cause)
  }
}
