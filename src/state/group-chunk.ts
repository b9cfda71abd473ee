import type { CanonicalKey } from '../kit/key.js'
import { decodeRows, encodeRows } from '../record/row-codec.js'
import { packValue, unpackValue } from '../record/value-codec.js'
import type { Timer } from './timer-queue.js'

/** Some entries of one key group: keys and values of each state, by its position, and timers. */
export type GroupContent = readonly [
  states: readonly StateContent<readonly unknown[]>[],
  timers: readonly (readonly [key: CanonicalKey, at: number, tag: string | undefined])[],
]

type StateContent<V> = readonly [state: number, keys: readonly CanonicalKey[], values: V]

/**
 * The same as it is encoded. Values that are rows are bytes (`row-codec.ts`): most state is, and most of a snapshot's
 * work is encoding it.
 */
type EncodedContent = readonly [
  states: readonly StateContent<readonly unknown[] | Uint8Array>[],
  GroupContent[1],
]

/** Throws (anything) for bytes that `GroupChunk` did not write. */
export function decodeGroup(bytes: Uint8Array): GroupContent {
  const [states, timers] = unpackValue(bytes) as EncodedContent
  return [
    states.map(([position, keys, values]) => [
      position,
      keys,
      values instanceof Uint8Array ? decodeRows(values, keys.length) : values,
    ]),
    timers,
  ]
}

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

  /**
   * A view that the next call overwrites.
   * @param where names the operator in errors
   */
  encode(where: string): Uint8Array {
    const states = this.#states.map(([position, keys, values]) => {
      const rows = encodeRows(values)
      return [position, keys, rows === undefined ? values : new Uint8Array(rows)] as const
    })
    return packValue([states, this.#timers] satisfies EncodedContent, where)
  }

  #begin(position: number): void {
    this.#position = position
    this.#keys = []
    this.#values = []
    this.#states.push([position, this.#keys, this.#values])
  }
}
