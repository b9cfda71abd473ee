import type { Clock } from '../kit/clock.js'
import type { CheckpointId, OperatorId, RunId, SubtaskIndex, VertexIndex } from '../kit/ids.js'
import type { Logger } from '../kit/logger.js'
import type { BlobReader, BlobWriter, SplitPosition, SubtaskSnapshot } from '../state/snapshot.js'
import type { Operator } from './operator.js'
import type { RestoredOperator } from './restored-operator.js'

/** One operator of a chain, and where its records go. */
export interface Link {
  readonly id: OperatorId
  readonly where: string
  readonly operator: Operator
  /** Whether it has keyed state. */
  readonly isKeyed: boolean
  /** Position of the link that feeds it; undefined for the first. */
  readonly fedBy: number | undefined
  /** Outputs of the subtask that take what it emits, besides the links that it feeds. */
  readonly outputs: readonly Output[]
}

/** Takes a batch into the outbox of an edge. The array is the chain's again when the call returns. */
export type Output = (records: readonly unknown[]) => void

/** What a chain needs of the subtask that runs it. */
export interface ChainContext {
  readonly run: RunId
  readonly vertex: VertexIndex
  readonly subtask: SubtaskIndex
  readonly parallelism: number
  readonly maxParallelism: number
  readonly clock: Clock
  readonly logger: Logger
  /** Where restored parts are read. */
  readonly blobs: BlobReader
  /** By operator; empty in the first attempt from nothing. */
  readonly restored: readonly RestoredOperator[]
}

/** The snapshot of a whole chain, being taken. */
export interface ChainCapture {
  /** Does about a millisecond of work; true when nothing is left. */
  slice(): boolean
  upload(blobs: BlobWriter): Promise<SubtaskSnapshot>
}

/** Runs the operators of one subtask, fused: signatures first, the body follows. */
export declare class Chain {
  constructor(links: readonly Link[], ctx: ChainContext)
  /** Opens operators last to first; when it resolves, restored state is there and restored commits are done. */
  open(): Promise<void>
  /** Whether its head is a source: it is polled, not processed. */
  readonly isSource: boolean
  /** Of a source: hands it splits, from restored positions or fresh ones. After `open`. */
  addSplits(splits: readonly SplitPosition[]): void
  positions(): readonly SplitPosition[]
  /** Lets the source emit about a batch. Only while `isReady()`. */
  poll(): 'more' | 'idle' | 'end'
  /** One batch from the inbox. Only while `isReady()`. */
  process(records: readonly unknown[]): void
  /** Every sink of the chain takes more. */
  isReady(): boolean
  /** When the earliest processing-time timer is due, in milliseconds since 1970. */
  nextTimerAt(): number | undefined
  /** Fires what is due at `wallTime`, about a batch at most; true if more is due. Only while `isReady()`. */
  fireTimers(wallTime: number): boolean
  /** All inputs have ended: runs the end hooks, unless they have run before the checkpoint that was restored. */
  finish(): void
  capture(checkpoint: CheckpointId): ChainCapture
  onCheckpointComplete(checkpoint: CheckpointId): void
  /** After the last checkpoint: resolves when the sinks have nothing unconfirmed. */
  drain(): Promise<void>
  /** First to last, whatever happened. */
  close(): Promise<void>
}
