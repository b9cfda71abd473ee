import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import {
  type CanonicalKey,
  canonicalKey,
  type Key,
  type KeyType,
  keyOfCanonical,
  keyTypeAfter,
  keyTypeOf,
} from '../kit/key.js'
import { type GroupRange, groupOfHash, groupRangeOf, keyGroupOf } from '../kit/key-group.js'
import { keyHash } from '../kit/key-hash.js'
import { LIMITS } from '../kit/limits.js'
import { Captures } from './captures.js'
import { decodeGroup, type GroupContent } from './group-chunk.js'
import { HeapValueState, KeyCursor } from './heap-value-state.js'
import { KeyedCapture } from './keyed-capture.js'
import { damaged, readKeyedPart } from './keyed-part.js'
import type { KeyedStateBackend, RowState, TimerService, ValueState } from './keyed-state.js'
import type { PartStore } from './snapshot.js'
import { TimerQueue } from './timer-queue.js'

export interface HeapKeyedStateOptions {
  readonly maxParallelism: number
  readonly parallelism: number
  readonly subtask: number
  /** Names the operator in errors. */
  readonly where: string
}

/**
 * Keyed state in the memory of its subtask: for each state and key group a table. Snapshots are copy-on-write entry by
 * entry, so a barrier costs next to nothing, and what a snapshot holds never changes under it.
 */
export class HeapKeyedState implements KeyedStateBackend {
  readonly timers: TimerService
  readonly #options: HeapKeyedStateOptions
  readonly #range: GroupRange
  readonly #cursor = new KeyCursor()
  readonly #captures = new Captures<KeyedCapture>()
  /** In the order of their first use: chunks name a state by its position. */
  readonly #states = new Map<string, HeapValueState>()
  readonly #timers = new TimerQueue(this.#captures)
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
   * Loads the groups of this subtask from the bytes of a KeyedPart, of any subtask of any parallelism: at each step
   * what takes a few milliseconds.
   * @param name of the part, for errors
   */
  *restore(bytes: Uint8Array, name: string): Generator<void> {
    const { maxParallelism, keyType, states, chunks } = readKeyedPart(bytes, name, this.#range)
    const own = this.#options.maxParallelism
    assert(maxParallelism === own, 'max parallelism never changes', { name, maxParallelism, own })
    if (keyType !== undefined) {
      if (this.#keyType !== undefined && this.#keyType !== keyType) throw this.#otherKeys(keyType)
      this.#keyType = keyType
      this.#keyTypeIsRestored = true
    }
    let loaded = 0
    for (const { group, bytes: encoded } of chunks) {
      this.#load(group - this.#range.first, states, contentOf(encoded, states.length, name, group))
      loaded += encoded.length
      if (loaded < LIMITS.restoreBytes) continue
      loaded = 0
      yield
    }
  }

  value<T>(name: string): ValueState<T> {
    return this.#stateOf(name) as ValueState<unknown> as ValueState<T>
  }

  row(name: string): RowState {
    return this.#stateOf(name)
  }

  setCurrentKey(key: Key): void {
    if (typeof key !== this.#keyType) this.#meet(key)
    const hash = keyHash(key)
    const group = groupOfHash(hash, this.#options.maxParallelism)
    const { first, last } = this.#range
    if (group < first || group > last) throw this.#foreignKey(key, group)
    this.#cursor.move(group - first, typeof key === 'string' ? key : canonicalKey(key), hash)
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
    this.#timers.cancel(timer)
    assert(this.#keyType !== undefined, 'a timer has a key')
    this.#key = keyOfCanonical(timer.key, this.#keyType)
    this.#cursor.move(group, timer.key, keyHash(this.#key))
    return { key: this.#key, at, tag }
  }

  /** The timers of `key`, earliest first, as a look at them needs it. */
  timersOf(key: Key): { readonly at: number; readonly tag: string | undefined }[] {
    const canonical = canonicalKey(key)
    const group = keyGroupOf(key, this.#options.maxParallelism) - this.#range.first
    return [...this.#timers.timersOf(group)]
      .filter((timer) => timer.key === canonical)
      .sort((a, b) => a.at - b.at)
      .map(({ at, tag }) => ({ at, tag }))
  }

  capture(store: PartStore): KeyedCapture {
    const indices: number[] = []
    for (let index = 0; index <= this.#range.last - this.#range.first; index++) {
      if (this.#holdsAny(index)) indices.push(index)
    }
    const content = {
      maxParallelism: this.#options.maxParallelism,
      keyType: this.#keyType,
      states: [...this.#states.keys()],
    }
    const options = {
      captures: this.#captures,
      store,
      firstGroup: this.#range.first,
      indices,
      states: [...this.#states.values()],
      timers: this.#timers,
      where: this.#options.where,
      content,
    }
    return this.#captures.begin((number) => new KeyedCapture(number, options))
  }

  #stateOf(name: string): HeapValueState {
    const known = this.#states.get(name)
    if (known !== undefined) return known
    const state = new HeapValueState({
      cursor: this.#cursor,
      captures: this.#captures,
      position: this.#states.size,
      groups: this.#range.last - this.#range.first + 1,
      where: this.#options.where,
    })
    this.#states.set(name, state)
    return state
  }

  #timerOf(at: number, tag: string | undefined) {
    const { group } = this.#cursor
    assert(group >= 0, 'a timer is set and cancelled under a key')
    if (!Number.isFinite(at)) throw this.#notATime(at)
    return { group, key: this.#cursor.canonical(), at, tag }
  }

  #holdsAny(index: number): boolean {
    if (this.#timers.hasAny(index)) return true
    for (const state of this.#states.values()) if (state.hasAny(index)) return true
    return false
  }

  #load(index: number, names: readonly string[], { states, timers }: GroupContent): void {
    for (const { position, keys, ...values } of states) {
      const hashes = keys.map((key) => this.#hashOf(key))
      this.#stateOf(names[position]!).load(index, keys, hashes, values)
    }
    for (const [key, at, tag] of timers) this.#timers.set({ group: index, key, at, tag })
  }

  #hashOf(canonical: CanonicalKey): number {
    return keyHash(this.#keyType === 'tuple' ? keyOfCanonical(canonical, 'tuple') : canonical)
  }

  /** The first key, a tuple, or a fault. */
  #meet(key: Key): void {
    const type = keyTypeOf(key)
    if (this.#keyTypeIsRestored && type !== this.#keyType) throw this.#otherKeys(type)
    this.#keyType = keyTypeAfter(this.#keyType, key)
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

function contentOf(bytes: Uint8Array, states: number, name: string, group: number): GroupContent {
  try {
    return decodeGroup(bytes, states)
  } catch (cause) {
    throw damaged(name, `key group ${group} cannot be read`, cause)
  }
}
