import type { Attempt, ChannelIndex, CheckpointId } from '../kit/ids.js'
import type { Frame } from '../record/element.js'

/** What a subtask reads next from all its inputs. */
export type InboxEvent =
  | { readonly kind: 'records'; readonly channel: ChannelIndex; readonly records: readonly unknown[] }
  /** Aligned (or counted, at-least-once): take the snapshot, pass the barrier on. Comes after 'ended' too. */
  | { readonly kind: 'barrier'; readonly checkpoint: CheckpointId; readonly aborted: readonly CheckpointId[] }
  /** Once: every channel has ended. */
  | { readonly kind: 'ended' }

export interface InboxOptions {
  readonly attempt: Attempt
  /** One for each input channel, in the order of their indices. */
  readonly channels: readonly {
    /** Index of the channel among its sender's outputs: what a grant is addressed to. */
    readonly outputIndex: ChannelIndex
  }[]
  readonly mode: 'exactly-once' | 'at-least-once'
  /** Checkpoints under way at once: their barriers have places of their own. Default 1. */
  readonly maxConcurrent?: number
  /** Sends a grant to the sender of input `channel`, on a path that data cannot block. */
  readonly grant: (channel: ChannelIndex, frame: Frame) => void
  /** Names the subtask in errors. */
  readonly where?: string
  /** For tests: records are frozen deeply before they are handed out. */
  readonly freeze?: boolean
}

/** Signatures first; the body follows. */
export declare class Inbox {
  constructor(options: InboxOptions)
  /** A frame has arrived, as an object or as bytes. Never throws: what is wrong with it is thrown by `next`. */
  deliver(frame: Frame | Uint8Array): void
  isReady(): boolean
  /** At most one batch or event. Throws ChannelLost / ChannelCorrupt. */
  next(): InboxEvent | undefined
  /** The coordinator has given `checkpoint` up: stop waiting for it. */
  abort(checkpoint: CheckpointId): void
  readonly counters: {
    readonly recordsIn: number
    readonly framesIn: number
    readonly bytesIn: number
    readonly repeated: number
    readonly foreign: number
    readonly queuedBytes: number
  }
}
