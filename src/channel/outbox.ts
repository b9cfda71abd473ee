import { assert } from '../kit/assert.js'
import type { Attempt, ChannelIndex, CheckpointId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Barrier, EndOfInput, Frame } from '../record/element.js'
import { decodeFrame } from '../record/frame-codec.js'
import { OutputChannel } from './output-channel.js'
import { OutputEdge } from './output-edge.js'
import { partitionerOf } from './partitioner.js'
import type { PartitionerSpec } from './partitioner-spec.js'

export interface OutboxOptions {
  readonly attempt: Attempt
  /** Own parallel index; decides where round robins begin. */
  readonly subtask: number
  readonly edges: readonly OutboxEdge[]
  /** Default LIMITS.bufferTimeoutMs. */
  readonly bufferTimeoutMs?: number
  /** Checkpoints under way at once. Default 1. */
  readonly maxConcurrent?: number
  /** Names the operator (or edge) in errors. */
  readonly where?: string
  /** For tests: frames carry a checksum of their body. */
  readonly checksum?: boolean
}

export interface OutboxEdge {
  readonly partitioner: PartitionerSpec
  /** Names the operator that this edge leaves, in errors; that of the whole outbox unless said. */
  readonly where?: string
  /** Number of key groups of the receiving vertex ('hash' needs it). */
  readonly maxParallelism: number
  /** By the receiver's parallel index; pointwise partitioners list only the receivers that this subtask reaches. */
  readonly channels: readonly OutboxChannel[]
}

/** Output channels are numbered 0 … over all edges, in order: grants name that number. */
export interface OutboxChannel {
  /** Index of the channel among the receiver's inputs. */
  readonly inputIndex: ChannelIndex
  /** Whether `send` hands the very object to the receiver (same thread); else it gets bytes, which are given away. */
  readonly byReference: boolean
  readonly send: (frame: Frame | Uint8Array) => void
}

/**
 * All outputs of a subtask: every record goes down every edge, to the channels that its partitioner chooses; events
 * go down every channel, behind the records before them.
 *
 * A record belongs to its receiver. Where it has more than one (several edges, broadcast), each gets bytes of its own,
 * also in the same thread.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #edges: readonly OutputEdge[]
  readonly #channels: readonly OutputChannel[]
  #recordsOut = 0
  #ended = false

  constructor(options: OutboxOptions) {
    this.#options = options
    const { attempt, subtask, maxConcurrent = 1, where, checksum = false } = options
    const channelsOf = options.edges.map(({ partitioner, channels, where: from = where }) => {
      const hasOneReceiver =
        options.edges.length === 1 && (partitioner.kind !== 'broadcast' || channels.length === 1)
      return channels.map(({ inputIndex, byReference, send }) => {
        const asObject = byReference && hasOneReceiver
        return new OutputChannel({
          attempt,
          inputIndex,
          byReference: asObject,
          send,
          maxConcurrent,
          where: from,
          checksum,
        })
      })
    })
    this.#channels = channelsOf.flat()
    this.#edges = options.edges.map(({ partitioner, maxParallelism, where: from = where }, index) => {
      const channels = channelsOf[index]!
      const place = { channels: channels.length, subtask, maxParallelism }
      return new OutputEdge(partitionerOf(partitioner, place), channels, from)
    })
  }

  get counters(): { recordsOut: number; framesOut: number; bytesOut: number; queuedBytes: number } {
    const sum = (of: (channel: OutputChannel) => number) =>
      this.#channels.reduce((all, each) => all + of(each), 0)
    return {
      recordsOut: this.#recordsOut,
      framesOut: sum((channel) => channel.framesOut),
      bytesOut: sum((channel) => channel.bytesOut),
      queuedBytes: sum((channel) => channel.queuedBytes),
    }
  }

  emit(record: unknown): void {
    this.emitAll([record])
  }

  /** Keeps the records, not the array. */
  emitAll(records: readonly unknown[]): void {
    assert(!this.#ended, 'nothing is emitted after the end of input')
    this.#recordsOut += records.length
    for (const edge of this.#edges) edge.emitAll(records)
  }

  /** Down one edge only: operators of one chain may feed different ones. Keeps the records, not the array. */
  emitTo(edge: number, records: readonly unknown[]): void {
    assert(!this.#ended, 'nothing is emitted after the end of input')
    this.#recordsOut += records.length
    this.#edges[edge]!.emitAll(records)
  }

  /** Closes every open batch. */
  flush(): void {
    for (const edge of this.#edges) edge.flush()
  }

  /**
   * Time goes on: hellos until the first grant, batches open for `bufferTimeout` are closed, beacons on what
   * is without credit or idle, unless its receiver has all. Returns after how many milliseconds it wants to be called again; call it also after a turn
   * that may have emitted, because that starts the time of a new batch.
   */
  tick(nowMs: number): number {
    const timeoutMs = this.#options.bufferTimeoutMs ?? LIMITS.bufferTimeoutMs
    let due: number = LIMITS.beaconMs
    for (const edge of this.#edges) due = Math.min(due, edge.tick(nowMs, timeoutMs))
    for (const channel of this.#channels) due = Math.min(due, channel.tick(nowMs))
    return due
  }

  /** Behind everything emitted so far. Barriers that it says are given up are dropped where they still wait. */
  broadcastBarrier(barrier: Barrier): void {
    this.dropAborted(barrier.aborted)
    this.#putEvent(barrier)
  }

  endOfInput(): void {
    assert(!this.#ended, 'input ends once')
    this.#ended = true
    this.#putEvent({ kind: 'end-of-input' })
  }

  /** Whether input may be chosen: every channel has had its first grant, and nothing waits for credit. */
  hasCredit(): boolean {
    return this.#channels.every((channel) => channel.isReady)
  }

  /** Every channel has had its first grant. */
  isOpen(): boolean {
    return this.#channels.every((channel) => channel.isOpen)
  }

  /** Nothing waits, neither for credit nor in an open batch. */
  isDrained(): boolean {
    return (
      this.#edges.every((edge) => edge.isFlushed()) && this.#channels.every((channel) => channel.isDrained)
    )
  }

  /** A grant of another attempt, or of no channel of ours, changes nothing. */
  onGrant(grant: Frame | Uint8Array): void {
    const frame = grant instanceof Uint8Array ? decodeFrame(grant) : grant
    if (frame.kind !== 'grant' || frame.attempt !== this.#options.attempt) return
    this.#channels[frame.channel]?.onGrant(frame.frames, frame.bytes, frame.received)
  }

  /** Barriers of these that still wait are dropped. */
  dropAborted(checkpoints: readonly CheckpointId[]): void {
    if (checkpoints.length === 0) return
    for (const channel of this.#channels)
      channel.dropBarriers((checkpoint) => checkpoints.includes(checkpoint))
  }

  /** All up to `checkpoint` are decided: barriers of those that still wait are dropped. */
  settle(checkpoint: CheckpointId): void {
    for (const channel of this.#channels) channel.dropBarriers((waiting) => waiting <= checkpoint)
  }

  #putEvent(event: Barrier | EndOfInput): void {
    this.flush()
    for (const channel of this.#channels) channel.putEvent(event)
  }
}
