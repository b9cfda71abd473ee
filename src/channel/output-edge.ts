import { placed } from '../kit/errors.js'
import type { OutputChannel } from './output-channel.js'
import type { Partitioner } from './partitioner.js'
import { RecordSize } from './record-size.js'

/**
 * One outgoing edge of a subtask: an open batch for each channel, filled by the partitioner. A batch closes when it
 * has enough records, when it has been open for the buffer time-out, or before an event.
 */
export class OutputEdge {
  readonly #partitioner: Partitioner
  readonly #channels: readonly OutputChannel[]
  readonly #where: string | undefined
  readonly #size = new RecordSize()
  readonly #open: unknown[][]
  /** When `tick` first saw the open batch of a channel; NaN while there is none. No clock is read per record. */
  readonly #openedAt: Float64Array

  constructor(partitioner: Partitioner, channels: readonly OutputChannel[], where: string | undefined) {
    this.#partitioner = partitioner
    this.#channels = channels
    this.#where = where
    this.#open = channels.map(() => [])
    this.#openedAt = new Float64Array(channels.length).fill(Number.NaN)
  }

  emitAll(records: readonly unknown[]): void {
    this.#size.onRecords(records)
    try {
      this.#partitioner.partition(records, this.#open)
    } catch (error) {
      throw placed(error, this.#where)
    }
    const limit = this.#size.batchRecords
    for (let i = 0; i < this.#open.length; i++) {
      if (this.#open[i]!.length >= limit) this.#close(i, limit)
    }
  }

  flush(): void {
    for (let i = 0; i < this.#open.length; i++) this.#close(i, 1)
  }

  isFlushed(): boolean {
    return this.#open.every((records) => records.length === 0)
  }

  /** Closes what has been open for `timeoutMs`. @returns milliseconds until the next batch is due */
  tick(nowMs: number, timeoutMs: number): number {
    let due = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#open.length; i++) {
      if (this.#open[i]!.length === 0) continue
      if (Number.isNaN(this.#openedAt[i]!)) this.#openedAt[i] = nowMs
      const closesIn = this.#openedAt[i]! + timeoutMs - nowMs
      if (closesIn <= 0) this.#close(i, 1)
      else due = Math.min(due, closesIn)
    }
    return due
  }

  /** Sends the open batch of a channel in frames of about the batch size; keeps a rest that has fewer than `atLeast`. */
  #close(index: number, atLeast: number): void {
    const records = this.#open[index]!
    const channel = this.#channels[index]!
    const perFrame = this.#size.batchRecords
    let from = 0
    while (records.length - from >= atLeast && from < records.length) {
      const to = Math.min(from + perFrame, records.length)
      const frame = from === 0 && to === records.length ? records : records.slice(from, to)
      channel.putRecords(frame, frame.length * this.#size.averageBytes)
      from = to
    }
    this.#open[index] = from === 0 ? records : records.slice(from)
    this.#openedAt[index] = Number.NaN
  }
}
