import type { Attempt, ChannelIndex, CheckpointId } from '../kit/ids.js'

/**
 * What travels from subtask to subtask, in one FIFO per channel: records in batches, and the events between them. An
 * event never overtakes a record, nor the other way round.
 */
export type Element = Records | Barrier | EndOfInput

/** Records belong to whoever receives them; the array is given away with them. */
export interface Records {
  readonly kind: 'records'
  readonly records: readonly unknown[]
}

/** Separates what belongs to `checkpoint` from what belongs to the next one. */
export interface Barrier {
  readonly kind: 'barrier'
  readonly checkpoint: CheckpointId
  /** Checkpoints that the coordinator has given up: their barriers are dropped wherever they still wait. */
  readonly aborted: readonly CheckpointId[]
}

/** The sender has no more records; it goes on passing barriers. */
export interface EndOfInput {
  readonly kind: 'end-of-input'
}

/**
 * One message on a channel. `frame-codec.ts` gives its bytes; between subtasks of one thread the object itself
 * travels. `hello`, `element` and `beacon` go downstream, `grant` goes upstream.
 */
export type Frame =
  | { readonly kind: 'hello'; readonly channel: ChannelIndex; readonly attempt: Attempt }
  | {
      readonly kind: 'element'
      readonly channel: ChannelIndex
      readonly attempt: Attempt
      /** 1, 2, 3 … on its channel. */
      readonly sequence: number
      /** Bytes that the sender booked for it: of its encoding, or an estimate where it travels by reference. */
      readonly bytes: number
      readonly element: Element
    }
  | {
      readonly kind: 'beacon'
      readonly channel: ChannelIndex
      readonly attempt: Attempt
      readonly lastSequence: number
    }
  | {
      readonly kind: 'grant'
      /** Index of the channel among the sender's outputs (a grant is addressed to the sender). */
      readonly channel: ChannelIndex
      readonly attempt: Attempt
      /** Cumulative: the highest sequence, and the sum of all bytes, that may be sent. */
      readonly frames: number
      readonly bytes: number
      /** Highest sequence received. */
      readonly received: number
    }
