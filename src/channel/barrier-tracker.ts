import type { ChannelIndex, CheckpointId } from '../kit/ids.js'
import type { Alignment } from './barrier-aligner.js'

const NO_CHECKPOINT = -1 as CheckpointId

/**
 * Counts the barriers of checkpoints over the input channels of a subtask without blocking any: at-least-once. Records
 * that come between the first and the last barrier of a checkpoint are in its snapshot and come again after a restore.
 *
 * Several checkpoints are counted at once. When one is complete, older ones never will be: the channels that have not
 * delivered theirs have passed over it.
 */
export class BarrierTracker {
  readonly #channels: number
  readonly #delivered = new Map<CheckpointId, Set<ChannelIndex>>()
  readonly #aborted = new Set<CheckpointId>()
  #last: CheckpointId = NO_CHECKPOINT

  constructor(channels: number) {
    this.#channels = channels
  }

  isBlocked(_channel: ChannelIndex): boolean {
    return false
  }

  onBarrier(channel: ChannelIndex, checkpoint: CheckpointId): Alignment {
    if (checkpoint <= this.#last || this.#aborted.has(checkpoint)) return 'late'
    const delivered = this.#delivered.get(checkpoint) ?? new Set()
    delivered.add(channel)
    this.#delivered.set(checkpoint, delivered)
    if (delivered.size < this.#channels) return 'waiting'
    this.#complete(checkpoint)
    return 'aligned'
  }

  abort(checkpoint: CheckpointId): void {
    if (checkpoint <= this.#last) return
    this.#delivered.delete(checkpoint)
    this.#aborted.add(checkpoint)
  }

  #complete(checkpoint: CheckpointId): void {
    this.#last = checkpoint
    for (const older of this.#delivered.keys()) if (older <= checkpoint) this.#delivered.delete(older)
    for (const older of this.#aborted) if (older <= checkpoint) this.#aborted.delete(older)
  }
}
