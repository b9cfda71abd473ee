import { crc32 } from 'node:zlib'
import { assert } from '../kit/assert.js'
import type { CanonicalKey } from '../kit/key.js'
import type { GroupRange } from '../kit/key-group.js'
import { LIMITS } from '../kit/limits.js'
import type { Captures, OpenCapture } from './captures.js'
import { GroupChunk } from './group-chunk.js'
import type { HeapValueState } from './heap-value-state.js'
import { type EncodedChunk, type KeyedPartContent, writeKeyedPart } from './keyed-part.js'
import type { BlobWriter, Capture, OperatorSnapshot } from './snapshot.js'
import type { Timer, TimerQueue } from './timer-queue.js'

export interface KeyedCaptureOptions {
  readonly captures: Captures<KeyedCapture>
  readonly range: GroupRange
  /** Indices (in the range) of the groups that hold something now. */
  readonly indices: readonly number[]
  readonly states: readonly HeapValueState<unknown>[]
  readonly timers: TimerQueue
  /** Names the operator in errors. */
  readonly where: string
  /** All but the chunks. */
  readonly content: Omit<KeyedPartContent, 'chunks'>
}

/** Entries of a group that were handed over before the group had its turn. */
interface Kept {
  /** By the position of the state. */
  readonly values: ([keys: CanonicalKey[], values: unknown[]] | undefined)[]
  readonly timers: Timer[]
}

/** Before it is known how large entries are. */
const FIRST_CHUNK_ENTRIES = 64

/**
 * A snapshot of keyed state as of the moment it was made. It passes group by group, some entries at a time, and takes
 * those that still are as they were then; all others are handed over before they change, and come at the end of their
 * group. No write waits for more than a copy of its own value, however large groups are.
 */
export class KeyedCapture implements Capture, OpenCapture {
  readonly number: number
  readonly #options: KeyedCaptureOptions
  readonly #kept: (Kept | undefined)[] = []
  readonly #pass: Generator<GroupChunk, void>
  readonly #chunks: EncodedChunk[] = []
  #chunkEntries = FIRST_CHUNK_ENTRIES
  #state: 'encoding' | 'encoded' | 'abandoned' = 'encoding'

  constructor(number: number, options: KeyedCaptureOptions) {
    this.number = number
    this.#options = options
    this.#pass = this.#passing()
  }

  keepValue(state: number, group: number, key: CanonicalKey, value: unknown): void {
    const { values } = this.#keptOf(group)
    const kept = values[state]
    if (kept === undefined) values[state] = [[key], [value]]
    else {
      kept[0].push(key)
      kept[1].push(value)
    }
  }

  keepTimer(timer: Timer): void {
    this.#keptOf(timer.group).timers.push(timer)
  }

  #keptOf(group: number): Kept {
    const kept = this.#kept[group]
    if (kept !== undefined) return kept
    const fresh: Kept = { values: [], timers: [] }
    this.#kept[group] = fresh
    return fresh
  }

  /** Of two captures the older one has its turns first: what it has passed is then settled for both. */
  slice(): boolean {
    const { oldest } = this.#options.captures
    if (this.#state !== 'encoding' || oldest === undefined) return true
    if (oldest !== this) {
      oldest.slice()
      return false
    }
    let [entries, bytes] = [0, 0]
    while (entries < LIMITS.captureEntries && bytes < LIMITS.captureBytes) {
      const { value: chunk } = this.#pass.next()
      if (chunk === undefined) {
        this.#state = 'encoded'
        this.#options.captures.end(this)
        return true
      }
      entries += chunk.entries
      bytes += this.#encode(chunk)
    }
    return false
  }

  #encode(chunk: GroupChunk): number {
    const { group, entries } = chunk
    const { range, where } = this.#options
    const bytes = chunk.encode(where)
    this.#chunks.push({ group: range.first + group, bytes, crc: crc32(bytes) })
    const fitting = Math.round((entries * LIMITS.captureBytes) / bytes.length)
    this.#chunkEntries = Math.max(1, Math.min(fitting, LIMITS.captureEntries))
    return bytes.length
  }

  /** All that the snapshot holds. What a chunk refers to may change after the turn in which it comes out. */
  *#passing(): Generator<GroupChunk, void> {
    const { indices, states } = this.#options
    for (const index of indices) {
      let chunk = new GroupChunk(index)
      for (let position = 0; position < states.length; position++) {
        for (const [key, slot] of states[position]!.slotsOf(index)) {
          if (slot.settledFor >= this.number) continue
          slot.settledFor = this.number
          chunk.addValue(position, key, slot.value)
          if (chunk.entries < this.#chunkEntries) continue
          yield chunk
          chunk = new GroupChunk(index)
        }
      }
      for (const timer of this.#options.timers.timersOf(index)) {
        if (timer.settledFor >= this.number) continue
        timer.settledFor = this.number
        chunk.addTimer(timer)
        if (chunk.entries < this.#chunkEntries) continue
        yield chunk
        chunk = new GroupChunk(index)
      }
      if (chunk.entries > 0) yield chunk
      yield* this.#handedOver(index)
    }
  }

  *#handedOver(index: number): Generator<GroupChunk, void> {
    const kept = this.#kept[index]
    if (kept === undefined) return
    this.#kept[index] = undefined
    let chunk = new GroupChunk(index)
    for (let position = 0; position < kept.values.length; position++) {
      const [keys, values] = kept.values[position] ?? [[], []]
      for (let i = 0; i < keys.length; i++) {
        chunk.addValue(position, keys[i]!, values[i])
        if (chunk.entries < this.#chunkEntries) continue
        yield chunk
        chunk = new GroupChunk(index)
      }
    }
    for (const timer of kept.timers) {
      chunk.addTimer(timer)
      if (chunk.entries < this.#chunkEntries) continue
      yield chunk
      chunk = new GroupChunk(index)
    }
    if (chunk.entries > 0) yield chunk
  }

  async upload(blobs: BlobWriter): Promise<Partial<OperatorSnapshot>> {
    assert(this.#state !== 'abandoned', 'what was abandoned is not uploaded')
    for (let isEncoded = this.slice(); !isEncoded; ) isEncoded = this.slice()
    if (this.#chunks.length === 0) return {}
    const part = await blobs.put('keyed', writeKeyedPart({ ...this.#options.content, chunks: this.#chunks }))
    const { first, last } = this.#options.range
    return { keyed: { firstGroup: first, lastGroup: last, part } }
  }

  /** The checkpoint was given up: nothing is kept or encoded for it any more. */
  abandon(): void {
    this.#state = 'abandoned'
    this.#options.captures.end(this)
  }
}
