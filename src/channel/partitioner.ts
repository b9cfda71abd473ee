import { assert, assertNever } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { type KeySelector, type KeyType, keyTypeAfter } from '../kit/key.js'
import { keyGroupOf, subtaskOfGroup } from '../kit/key-group.js'
import type { PartitionerSpec } from './partitioner-spec.js'

/** Chooses the channels of each record of a batch. */
export interface Partitioner {
  /** Appends each record to the target of its channel (of every channel, for 'broadcast'). One pass. */
  partition(records: readonly unknown[], targets: readonly unknown[][]): void
}

export interface PartitionerPlace {
  /** Number of channels: of receivers, or of those that a pointwise edge reaches from here. */
  readonly channels: number
  /** Own parallel index: where a round robin begins, so that not all senders begin with the same receiver. */
  readonly subtask: number
  /** Number of key groups of the receiving vertex. */
  readonly maxParallelism: number
}

export function partitionerOf(spec: PartitionerSpec, place: PartitionerPlace): Partitioner {
  assert(place.channels > 0, 'an edge has a channel at least', { channels: place.channels })
  switch (spec.kind) {
    case 'forward':
      assert(place.channels === 1, 'forward has one channel', { channels: place.channels })
      return new GlobalPartitioner()
    case 'global':
      return new GlobalPartitioner()
    case 'rebalance':
    case 'rescale':
      return place.channels === 1 ? new GlobalPartitioner() : new RoundRobinPartitioner(place)
    case 'broadcast':
      return new BroadcastPartitioner()
    case 'hash':
      return new HashPartitioner(spec.keyOf, place)
    case 'custom':
      return new CustomPartitioner(spec.choose, place)
    default:
      return assertNever(spec)
  }
}

class GlobalPartitioner implements Partitioner {
  partition(records: readonly unknown[], targets: readonly unknown[][]): void {
    const target = targets[0]!
    for (let i = 0; i < records.length; i++) target.push(records[i])
  }
}

class RoundRobinPartitioner implements Partitioner {
  readonly #channels: number
  #next: number

  constructor({ channels, subtask }: PartitionerPlace) {
    this.#channels = channels
    this.#next = subtask % channels
  }

  partition(records: readonly unknown[], targets: readonly unknown[][]): void {
    for (let i = 0; i < records.length; i++) {
      targets[this.#next]!.push(records[i])
      this.#next = this.#next + 1 === this.#channels ? 0 : this.#next + 1
    }
  }
}

class BroadcastPartitioner implements Partitioner {
  partition(records: readonly unknown[], targets: readonly unknown[][]): void {
    for (const target of targets) {
      for (let i = 0; i < records.length; i++) target.push(records[i])
    }
  }
}

/** Splits a batch by the key group of each record, so that a key's records meet in one subtask. */
class HashPartitioner implements Partitioner {
  readonly #keyOf: KeySelector
  readonly #maxParallelism: number
  readonly #subtaskOf: Uint16Array
  #type: KeyType | undefined

  constructor(keyOf: KeySelector, { channels, maxParallelism }: PartitionerPlace) {
    assert(channels <= maxParallelism, 'a receiver has a key group at least', { channels, maxParallelism })
    this.#keyOf = keyOf
    this.#maxParallelism = maxParallelism
    this.#subtaskOf = Uint16Array.from({ length: maxParallelism }, (_, group) =>
      subtaskOfGroup(group, channels, maxParallelism),
    )
  }

  partition(records: readonly unknown[], targets: readonly unknown[][]): void {
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      const key = this.#keyOf(record)
      if (typeof key !== this.#type) this.#type = keyTypeAfter(this.#type, key)
      targets[this.#subtaskOf[keyGroupOf(key, this.#maxParallelism)]!]!.push(record)
    }
  }
}

class CustomPartitioner implements Partitioner {
  readonly #choose: (record: unknown, channels: number) => number
  readonly #channels: number

  constructor(choose: (record: unknown, channels: number) => number, { channels }: PartitionerPlace) {
    this.#choose = choose
    this.#channels = channels
  }

  partition(records: readonly unknown[], targets: readonly unknown[][]): void {
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      const chosen = this.#choose(record, this.#channels)
      const target = targets[chosen]
      if (target === undefined) throw this.#outside(chosen)
      target.push(record)
    }
  }

  #outside(chosen: unknown): RetakeError {
    return new RetakeError('RT1613', {
      what: `a custom partitioner chose channel ${String(chosen)} of ${this.#channels}`,
      why: 'channels are numbered 0 … channels - 1',
      fix: 'return such a number, for example a hash modulo the second argument',
    })
  }
}
