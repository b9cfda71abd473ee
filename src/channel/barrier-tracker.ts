import type { ChannelIndex, CheckpointId } from '../kit/ids.js'
import type { Alignment } from './barrier-aligner.js'

const NO_CHECKPOINT = -1 as CheckpointId

/**
 * Counts the barriers of checkpoints over the input channels of a subtask without blocking any: at-least-once. Records
 * that come between the first and the last barrier of a checkpoint are in its snapshot and come again after a restore.
 *
 * Several checkpoints are counted at once. When one is complete, older ones never will be: the channels that have not
 * delivered theirs have passed over it. Ids rise over a channel, so what every channel has passed is forgotten: nothing
 * comes of it any more, complete or not.
 */
export class BarrierTracker {
  readonly #channels: number
  readonly #delivered = new Map<CheckpointId, Set<ChannelIndex>>()
  readonly #aborted = new Set<CheckpointId>()
  /** The newest barrier of each channel, also of one that was given up. */
  readonly #passed = new Map<ChannelIndex, CheckpointId>()
  /** Nothing up to this one will be complete: it is, or a newer one, or every channel has passed it. */
  #last: CheckpointId = NO_CHECKPOINT

  constructor(channels: number) {
    this.#channels = channels
  }

  /** How many checkpoints it keeps in mind. */
  get size(): number {
    return this.#delivered.size + this.#aborted.size
  }

  isBlocked(_channel: ChannelIndex): boolean {
    return false
  }

  onBarrier(channel: ChannelIndex, checkpoint: CheckpointId): Alignment {
    const alignment = this.#count(channel, checkpoint)
    this.#passed.set(channel, checkpoint)
    if (alignment === 'aligned') this.#forget(checkpoint)
    else if (this.#passed.size === this.#channels)
      this.#forget(Math.min(...this.#passed.values()) as CheckpointId)
    return alignment
  }

  abort(checkpoint: CheckpointId): void {
    if (checkpoint <= this.#last) return
    this.#delivered.delete(checkpoint)
    this.#aborted.add(checkpoint)
  }

  settle(checkpoint: CheckpointId): void {
    this.#forget(checkpoint)
  }

  #count(channel: ChannelIndex, checkpoint: CheckpointId): Alignment {
    if (checkpoint <= this.#last || this.#aborted.has(checkpoint)) return 'late'
    const delivered = this.#delivered.get(checkpoint) ?? new Set()
    delivered.add(channel)
    this.#delivered.set(checkpoint, delivered)
    return delivered.size < this.#channels ? 'waiting' : 'aligned'
  }

  #forget(upTo: CheckpointId): void {
    if (upTo <= this.#last) return
    this.#last = upTo
    for (const older of this.#delivered.keys()) if (older <= upTo) this.#delivered.delete(older)
    for (const older of this.#aborted) if (older <= upTo) this.#aborted.delete(older)
  }
}
