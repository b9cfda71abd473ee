import type { CanonicalKey } from '../kit/key.js'
import { isText } from '../kit/shape.js'
import { decodeColumns } from '../record/row-codec.js'
import { packValue, unpackValue } from '../record/value-codec.js'
import type { Timer } from './timer-queue.js'
import type { LoadedValues, ValueList } from './value-list.js'

/** Some entries of one key group: keys and values of each state, by its position, and timers. */
export interface GroupContent {
  readonly states: readonly StateContent[]
  readonly timers: readonly EncodedTimer[]
}

export interface StateContent extends LoadedValues {
  readonly position: number
  readonly keys: readonly CanonicalKey[]
}

type EncodedTimer = readonly [key: CanonicalKey, at: number, tag: string | undefined]

/** Rows, or scalars, each behind its key (`row-codec.ts`): most state is, and most of a snapshot's work is encoding it. */
type EncodedRows = readonly [
  position: number,
  names: readonly string[] | undefined,
  count: number,
  rows: Uint8Array,
]
type EncodedWholes = readonly [position: number, keys: readonly CanonicalKey[], values: readonly unknown[]]
type EncodedContent = readonly [
  states: readonly (EncodedRows | EncodedWholes)[],
  timers: readonly EncodedTimer[],
]

/**
 * Throws (anything) for bytes that `GroupChunk` did not write.
 * @param states how many there are
 */
export function decodeGroup(bytes: Uint8Array, states: number): GroupContent {
  const [encoded, timers] = unpackValue(bytes) as EncodedContent
  for (const [position] of encoded) {
    if (!(Number.isInteger(position) && position >= 0 && position < states))
      throw new RangeError(`there is no state ${String(position)}`)
  }
  for (const [, at] of timers) if (!Number.isFinite(at)) throw new RangeError('a timer has a time')
  return { states: encoded.map((state) => (state.length === 3 ? wholesOf(state) : rowsOf(state))), timers }
}

function wholesOf([position, keys, values]: EncodedWholes): StateContent {
  if (!Array.isArray(keys) || !Array.isArray(values) || values.length !== keys.length)
    throw new RangeError('each value has a key')
  return { position, keys, names: undefined, columns: [values] }
}

function rowsOf([position, names, count, rows]: EncodedRows): StateContent {
  if (names !== undefined && !areNames(names)) throw new RangeError('each name is that of one field')
  const [keys = [], ...columns] = decodeColumns(rows, 1 + (names?.length ?? 1), count)
  return { position, keys: keys as CanonicalKey[], names, columns }
}

function areNames(names: unknown): boolean {
  if (!Array.isArray(names) || names.length === 0) return false
  return names.every(isText) && !names.includes('__proto__') && new Set(names).size === names.length
}

/** Entries of one state, where they stand. */
interface Chosen {
  readonly position: number
  readonly values: ValueList
  readonly keys: CanonicalKey[]
  readonly at: number[]
}

/** Entries of the group at index `group`, being chosen. They must still stand where they were when they are encoded. */
export class GroupChunk {
  readonly group: number
  entries = 0
  readonly #states: Chosen[] = []
  readonly #timers: EncodedTimer[] = []
  #last: Chosen | undefined

  constructor(group: number) {
    this.group = group
  }

  /** The entry at `at` of a list, of the state at `position`. Lists come one after the other. */
  addValue(position: number, key: CanonicalKey, values: ValueList, at: number): void {
    if (this.#last?.values !== values) {
      this.#last = { position, values, keys: [], at: [] }
      this.#states.push(this.#last)
    }
    this.#last.keys.push(key)
    this.#last.at.push(at)
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
    const states = this.#states.map(encoded)
    return packValue([states, this.#timers] satisfies EncodedContent, where)
  }
}

function encoded({ position, values, keys, at }: Chosen): EncodedRows | EncodedWholes {
  const rows = values.encode(keys, at)
  if (rows === undefined) return [position, keys, at.map((each) => values.at(each))]
  return [position, rows.names, keys.length, new Uint8Array(rows.bytes)]
}
