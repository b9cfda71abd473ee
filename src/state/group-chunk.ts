import type { CanonicalKey } from '../kit/key.js'
import { encodeRows } from '../record/row-codec.js'
import type { Timer } from './timer-queue.js'

/**
 * Some entries of one key group, as they are encoded: keys and values of each state, by its position, and timers.
 * Values that are rows are bytes (`row-codec.ts`): most state is, and most of a snapshot's work is encoding it.
 */
export type GroupContent = readonly [
  states: readonly (readonly [
    state: number,
    keys: readonly CanonicalKey[],
    values: readonly unknown[] | Uint8Array,
  ])[],
  timers: readonly (readonly [key: CanonicalKey, at: number, tag: string | undefined])[],
]

/** Entries of the group at index `group`, being collected. */
export class GroupChunk {
  readonly group: number
  entries = 0
  readonly #states: [state: number, keys: CanonicalKey[], values: unknown[]][] = []
  readonly #timers: [key: CanonicalKey, at: number, tag: string | undefined][] = []
  /** The last of `#states`. */
  #position = -1
  #keys: CanonicalKey[] = []
  #values: unknown[] = []

  constructor(group: number) {
    this.group = group
  }

  /** States come one after the other. */
  addValue(position: number, key: CanonicalKey, value: unknown): void {
    if (position !== this.#position) this.#begin(position)
    this.#keys.push(key)
    this.#values.push(value)
    this.entries += 1
  }

  addTimer({ key, at, tag }: Timer): void {
    this.#timers.push([key, at, tag])
    this.entries += 1
  }

  get content(): GroupContent {
    const states = this.#states.map(
      ([position, keys, values]) => [position, keys, encodeRows(values)?.slice() ?? values] as const,
    )
    return [states, this.#timers]
  }

  #begin(position: number): void {
    this.#position = position
    this.#keys = []
    this.#values = []
    this.#states.push([position, this.#keys, this.#values])
  }
}
