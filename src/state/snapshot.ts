import type { Brand, CheckpointId, OperatorId, RunId, SubtaskIndex, VertexIndex } from '../kit/ids.js'
import type { Bytes } from './bytes.js'

/**
 * What a subtask puts into a checkpoint, and what the checkpoint's manifest says of it. All of it is plain data.
 */
export interface SubtaskSnapshot {
  readonly vertex: VertexIndex
  readonly subtask: SubtaskIndex
  /** In the order of the chain. */
  readonly operators: readonly OperatorSnapshot[]
  /** All inputs had ended and every end hook had run before the barrier. */
  readonly ended: boolean
}

export interface OperatorSnapshot {
  readonly operator: OperatorId
  readonly subtask: SubtaskIndex
  /** Sources: where each split of this subtask stands. */
  readonly splits?: readonly SplitPosition[]
  /** Sinks and others: what is handed out again by owner. */
  readonly pieces?: readonly Piece[]
  /** Operators behind a keyBy: state and timers by key group, none in two parts. */
  readonly keyed?: readonly KeyedPart[]
}

/**
 * One split of a source (a Kafka partition, a file, a generator's share) and the next position to read: after what was
 * emitted or passed over, never after what was merely fetched.
 */
export interface SplitPosition {
  /** Unique in its source, for ever. */
  readonly split: string
  /** Subtask = owner mod parallelism: the partition's number. */
  readonly owner: number
  /** The connector's own plain data: start, position, stop. */
  readonly position: unknown
  /** Its stop is reached: nothing of it is read any more. */
  readonly ended?: boolean
}

/** What one original subtask left behind; all pieces of one owner go to one new subtask, in this order. */
export interface Piece {
  /** The subtask that made it. New subtask = owner mod parallelism. */
  readonly owner: number
  /** The run whose subtask made it. */
  readonly run: RunId
  /** The one whose barrier it was cut at. */
  readonly checkpoint: CheckpointId
  /** 0, 1, 2 … within owner and checkpoint. */
  readonly number: number
  /** Its bytes; a blob is kept while a retained manifest, or something staged in the current attempt, names it. */
  readonly part: Part
}

/** Bytes in the store: the whole blob, or a range of it. Verified by `hash` (sha256, hex, of exactly these bytes) when read. */
export interface Part {
  /** The blob that holds it. */
  readonly blob: BlobName
  /** Where it begins there, in bytes. */
  readonly offset: number
  /** How many it has. */
  readonly bytes: number
  /** Of these bytes alone: sha256, hex. */
  readonly hash: string
}

/**
 * Some of the keyed state of one operator on one subtask. Its bytes begin with an index of key groups
 * (`state/keyed-part.ts`).
 */
export interface KeyedPart {
  /** Inclusive range of the key groups that it has entries of; the first and the last may have more in other parts. */
  readonly firstGroup: number
  readonly lastGroup: number
  readonly part: Part
}

/** `<run>/<attempt>/<checkpoint>/<name>`: path tokens are generated, so a zombie writes garbage that nobody names. */
export type BlobName = Brand<string, 'BlobName'>

/** Where a subtask puts its parts for one checkpoint. */
export interface BlobWriter {
  /** Stores `bytes` under a new name that contains `name`; resolves when they are durable, and nobody changes them before. */
  put(name: string, bytes: Bytes): Promise<Part>
}

/** The same for what is stored piecemeal, and may then not be needed. */
export interface PartStore extends BlobWriter {
  /** Takes back parts that it has put and that nothing names. */
  delete(parts: readonly Part[]): Promise<void>
}

/** Where parts are read. Throws RT1203 when what is there is not what was written. */
export interface BlobReader {
  /** The bytes of a part, verified. */
  get(part: Part): Promise<Uint8Array>
}

/**
 * A snapshot being taken. What it holds is fixed when it is made: later writes do not show. `slice` encodes a bounded
 * part, between turns; `upload` then stores and describes it, and may wait (for the store, for a database's answer).
 */
export interface Capture {
  /** Does about a millisecond of work; true when nothing is left. */
  slice(): boolean
  /** Undefined, or what to wait for before the next slice: the store is behind. */
  room?(): Promise<void> | undefined
  /** Stores what it holds, once every slice is done, and says where. Rejects when the store refuses it. */
  upload(blobs: BlobWriter): Promise<Partial<OperatorSnapshot>>
  /** The checkpoint was given up, or another part of it failed: nothing is encoded for it any more. */
  abandon?(): void
}
