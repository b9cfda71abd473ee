import { assert } from '../kit/assert.js'
import type { ChannelIndex, CheckpointId } from '../kit/ids.js'

/** What a barrier means: go on waiting for the others, take the snapshot now, or nothing any more. */
export type Alignment = 'waiting' | 'aligned' | 'late'

const NO_CHECKPOINT = -1 as CheckpointId

/**
 * Aligns the barriers of one checkpoint over the input channels of a subtask.
 *
 * A channel that has delivered the barrier is blocked until every channel has, ended ones too (they go on passing
 * barriers): what it holds behind the barrier belongs to the next checkpoint. One checkpoint aligns at a time. A newer
 * one ends an older alignment, because its coordinator has given the older one up; an older or aborted one is dropped,
 * not forwarded.
 */
export class BarrierAligner {
  readonly #channels: number
  readonly #delivered = new Set<ChannelIndex>()
  /** Given up, and newer than what aligned last: their barriers may still come. */
  readonly #aborted = new Set<CheckpointId>()
  /** Aligning while something is delivered; otherwise the last one that aligned or was given up. */
  #checkpoint: CheckpointId = NO_CHECKPOINT

  constructor(channels: number) {
    this.#channels = channels
  }

  isBlocked(channel: ChannelIndex): boolean {
    return this.#delivered.has(channel)
  }

  /** A barrier came over `channel`: go on waiting, or take the snapshot now. */
  onBarrier(channel: ChannelIndex, checkpoint: CheckpointId): Alignment {
    assert(!this.isBlocked(channel), 'a blocked channel delivered a barrier', { channel, checkpoint })
    if (checkpoint < this.#checkpoint || this.#aborted.has(checkpoint)) return 'late'
    if (checkpoint > this.#checkpoint) this.#begin(checkpoint)
    else if (this.#delivered.size === 0) return 'late'
    this.#delivered.add(channel)
    if (this.#delivered.size < this.#channels) return 'waiting'
    this.#delivered.clear()
    return 'aligned'
  }

  /** `checkpoint` was given up: nothing waits for it any more. */
  abort(checkpoint: CheckpointId): void {
    if (checkpoint < this.#checkpoint) return
    if (checkpoint === this.#checkpoint) this.#delivered.clear()
    else this.#aborted.add(checkpoint)
  }

  /** All up to `checkpoint` are decided, one way or the other: nothing waits for one of them any more. */
  settle(checkpoint: CheckpointId): void {
    if (checkpoint >= this.#checkpoint) this.#begin(checkpoint)
  }

  #begin(checkpoint: CheckpointId): void {
    this.#checkpoint = checkpoint
    this.#delivered.clear()
    for (const aborted of this.#aborted) if (aborted <= checkpoint) this.#aborted.delete(aborted)
  }
}
