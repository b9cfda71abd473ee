import type { Attempt, ChannelIndex, CheckpointId } from '../kit/ids.js'
import type { Barrier, Frame } from '../record/element.js'
import type { PartitionerSpec } from './partitioner-spec.js'

export interface OutboxOptions {
  readonly attempt: Attempt
  /** Own parallel index; decides the peer of forward and the first of round robins. */
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

/** Signatures first; the body follows. */
export declare class Outbox {
  constructor(options: OutboxOptions)
  emit(record: unknown): void
  /** Keeps the records, not the array. */
  emitAll(records: readonly unknown[]): void
  /** Closes every open batch. */
  flush(): void
  /**
   * Time goes on: hellos until the first grant, batches open for `bufferTimeout` are closed, beacons on what is idle
   * or without credit. Returns after how many milliseconds it wants to be called again.
   */
  tick(nowMs: number): number
  broadcastBarrier(barrier: Barrier): void
  endOfInput(): void
  /** Whether input may be chosen: every channel has had its first grant, and nothing waits for credit. */
  hasCredit(): boolean
  /** Every channel has had its first grant. */
  isOpen(): boolean
  /** Nothing waits, neither for credit nor in an open batch. */
  isDrained(): boolean
  onGrant(grant: Frame | Uint8Array): void
  /** Barriers of these that still wait are dropped. */
  dropAborted(checkpoints: readonly CheckpointId[]): void
  readonly counters: {
    readonly recordsOut: number
    readonly framesOut: number
    readonly bytesOut: number
    readonly queuedBytes: number
  }
}
