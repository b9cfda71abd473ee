import { assert } from '../kit/assert.js'
import type { CanonicalKey } from '../kit/key.js'
import { LIMITS } from '../kit/limits.js'
import type { Captures, OpenCapture } from './captures.js'
import { GroupChunk } from './group-chunk.js'
import type { HeapValueState } from './heap-value-state.js'
import { type KeyedPartContent, writeKeyedPart } from './keyed-part.js'
import { PartBuffer } from './part-buffer.js'
import type { Capture, KeyedPart, OperatorSnapshot, PartStore } from './snapshot.js'
import type { Timer, TimerQueue } from './timer-queue.js'
import type { ValueList } from './value-list.js'

export interface KeyedCaptureOptions {
  readonly captures: Captures<KeyedCapture>
  readonly store: PartStore
  /** The key group of index 0. */
  readonly firstGroup: number
  /** Indices of the groups that hold something now. */
  readonly indices: readonly number[]
  readonly states: readonly HeapValueState[]
  readonly timers: TimerQueue
  /** Names the operator in errors. */
  readonly where: string
  /** All but the chunks. */
  readonly content: Omit<KeyedPartContent, 'chunks'>
}

/** Entries of a group that were handed over before the group had its turn. */
interface Kept {
  /** By the position of the state. */
  readonly states: ({ readonly keys: CanonicalKey[]; readonly values: ValueList } | undefined)[]
  readonly timers: Timer[]
}

/** Before it is known how large entries are. */
const FIRST_CHUNK_ENTRIES = 64

/**
 * A snapshot of keyed state as of the moment it was made. It passes group by group, some entries at a time, and takes
 * those that still are as they were then; all others are handed over before they change, and come at the end of their
 * group. No write waits for more than a copy of its own value, however large groups are.
 *
 * What is encoded goes to the store part by part, while the next one is encoded: a snapshot needs the room of a few
 * parts, and of copies of what has changed since and is not encoded yet.
 */
export class KeyedCapture implements Capture, OpenCapture {
  readonly number: number
  readonly #options: KeyedCaptureOptions
  readonly #kept: (Kept | undefined)[] = []
  readonly #pass: Generator<GroupChunk, void>
  #chunkEntries = FIRST_CHUNK_ENTRIES
  #state: 'encoding' | 'encoded' | 'abandoned' = 'encoding'
  /** The part that is being gathered. */
  #buffer = new PartBuffer()
  readonly #free: PartBuffer[] = []
  /** By part: resolves when it is stored, or could not be. */
  readonly #underWay = new Set<Promise<void>>()
  readonly #parts: KeyedPart[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(number: number, options: KeyedCaptureOptions) {
    this.number = number
    this.#options = options
    this.#pass = this.#passing()
  }

  keepValue(state: number, group: number, key: CanonicalKey, value: unknown): void {
    const { keys, values } = this.#keptStateOf(state, group)
    keys.push(key)
    values.push(value)
  }

  keepFrom(state: number, group: number, key: CanonicalKey, from: ValueList, position: number): void {
    const { keys, values } = this.#keptStateOf(state, group)
    keys.push(key)
    values.pushFrom(from, position)
  }

  keepTimer(timer: Timer): void {
    this.#keptOf(timer.group).timers.push(timer)
  }

  #keptOf(group: number): Kept {
    const kept = this.#kept[group]
    if (kept !== undefined) return kept
    const fresh: Kept = { states: [], timers: [] }
    this.#kept[group] = fresh
    return fresh
  }

  #keptStateOf(state: number, group: number) {
    const { states } = this.#keptOf(group)
    states[state] ??= { keys: [], values: this.#options.states[state]!.emptyList() }
    return states[state]
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
        if (!this.#buffer.isEmpty) this.#storeBuffer()
        this.#end('encoded')
        return true
      }
      entries += chunk.entries
      bytes += this.#encode(chunk)
    }
    return false
  }

  room(): Promise<void> | undefined {
    const { oldest } = this.#options.captures
    if (this.#state !== 'encoding' || oldest === undefined) return undefined
    if (oldest !== this) return oldest.room()
    return this.#underWay.size < LIMITS.keyedPartsUnderWay ? undefined : Promise.race(this.#underWay)
  }

  #encode(chunk: GroupChunk): number {
    const { group, entries } = chunk
    const { firstGroup, where } = this.#options
    const bytes = chunk.encode(where)
    this.#buffer.add(firstGroup + group, bytes)
    if (this.#buffer.isFull) this.#storeBuffer()
    const fitting = Math.round((entries * LIMITS.captureBytes) / bytes.length)
    this.#chunkEntries = Math.max(1, Math.min(fitting, LIMITS.captureEntries))
    return bytes.length
  }

  /** Sends off the part that has been gathered; the next one has another buffer. */
  #storeBuffer(): void {
    const buffer = this.#buffer
    this.#buffer = this.#free.pop() ?? new PartBuffer()
    const stored = this.#storePart(buffer)
      .catch((error: unknown) => {
        this.#failure ??= { error }
        if (this.#state === 'encoding') this.#end('encoded')
      })
      .finally(() => {
        this.#underWay.delete(stored)
        buffer.empty()
        this.#free.push(buffer)
      })
    this.#underWay.add(stored)
  }

  async #storePart(buffer: PartBuffer): Promise<void> {
    const { store, content } = this.#options
    const chunks = buffer.chunks()
    const part = await store.put('keyed', writeKeyedPart({ ...content, chunks }))
    this.#parts.push({ firstGroup: chunks[0]!.group, lastGroup: chunks.at(-1)!.group, part })
  }

  #end(state: 'encoded' | 'abandoned'): void {
    this.#state = state
    this.#options.captures.end(this)
  }

  /** All that the snapshot holds. What a chunk refers to may change after the turn in which it comes out. */
  *#passing(): Generator<GroupChunk, void> {
    const { indices, states } = this.#options
    for (const index of indices) {
      let chunk = new GroupChunk(index)
      for (let position = 0; position < states.length; position++) {
        const table = states[position]!.tableAt(index)
        if (table === undefined) continue
        for (const at of table.positions()) {
          if (table.settledFor[at]! >= this.number) continue
          table.settledFor[at] = this.number
          chunk.addValue(position, table.keys.keyAt(at)!, table.values, at)
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
    for (let position = 0; position < kept.states.length; position++) {
      const state = kept.states[position]
      if (state === undefined) continue
      const { keys, values } = state
      for (let i = 0; i < keys.length; i++) {
        chunk.addValue(position, keys[i]!, values, i)
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

  async upload(): Promise<Partial<OperatorSnapshot>> {
    assert(this.#state !== 'abandoned', 'what was abandoned is not uploaded')
    for (let isEncoded = this.slice(); !isEncoded; ) isEncoded = this.slice()
    await Promise.all(this.#underWay)
    if (this.#failure !== undefined) throw this.#failure.error
    return this.#parts.length === 0 ? {} : { keyed: this.#parts }
  }

  /** What is stored already is taken back: nobody will name it. */
  abandon(): void {
    if (this.#state === 'abandoned') return
    this.#end('abandoned')
    const takenBack = Promise.all(this.#underWay).then(() =>
      this.#options.store.delete(this.#parts.map(({ part }) => part)),
    )
    takenBack.catch(() => {}) // what is left goes when its attempt is swept
  }
}
