import { assert } from '../kit/assert.js'
import type { CheckpointId } from '../kit/ids.js'

/**
 * Ids that may be given to checkpoints: those of the blocks that the log reserved, each once, rising. A new block is
 * wanted before the last one is used up, so that no checkpoint waits for the log.
 */
export class CheckpointIds {
  #next: number
  #last: number

  /** @param used the highest id that may have been used */
  constructor(used: CheckpointId) {
    this.#next = used + 1
    this.#last = used
  }

  /** Ids up to `to` are reserved. */
  reserve(to: CheckpointId): void {
    this.#last = Math.max(this.#last, to)
  }

  /** Ids up to `id` are no longer to be used: somebody else may have. */
  skip(id: CheckpointId): void {
    this.#next = Math.max(this.#next, id + 1)
    this.#last = Math.max(this.#last, id)
  }

  hasNext(): boolean {
    return this.#next <= this.#last
  }

  next(): CheckpointId {
    assert(this.hasNext(), 'an id is used that was not reserved', {
      next: this.#next,
      reservedTo: this.#last,
    })
    return this.#next++ as CheckpointId
  }

  /** Up to where to reserve now, in blocks of `block`; undefined while more than half a block is left. */
  wanted(block: number): CheckpointId | undefined {
    const left = this.#last - this.#next + 1
    return left > block / 2 ? undefined : ((this.#last + block) as CheckpointId)
  }
}
