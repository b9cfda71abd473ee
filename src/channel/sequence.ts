import { RetakeError } from '../kit/errors.js'

/**
 * Whether a channel has lost anything. Frames are numbered 1, 2, 3 …; one that is missing cannot be had again, so a
 * gap ends the attempt (`ChannelLost`), and what comes twice is dropped. A beacon tells the number of the last frame
 * sent, in the same FIFO, so that a lost tail shows too.
 */
export class Sequence {
  readonly #channel: string
  #received = 0

  /** @param channel names it in errors */
  constructor(channel: string) {
    this.#channel = channel
  }

  /** Number of the last frame received in order. */
  get received(): number {
    return this.#received
  }

  /** @returns whether the frame is the next one; false for one that came before. Throws for a gap. */
  accepts(sequence: number): boolean {
    if (sequence <= this.#received) return false
    if (sequence > this.#received + 1) throw this.#lost(sequence - 1)
    this.#received = sequence
    return true
  }

  /** Throws if less has arrived than the sender has sent. */
  onBeacon(lastSequence: number): void {
    if (lastSequence > this.#received) throw this.#lost(lastSequence)
  }

  #lost(upTo: number): RetakeError {
    const first = this.#received + 1
    return new RetakeError('RT1520', {
      what: `${this.#channel} lost ${first === upTo ? `frame ${first}` : `frames ${first} to ${upTo}`}`,
      why: 'the path between two subtasks was interrupted, or a receiver was too slow for it',
      fix: 'nothing to do: the job restarts from its last checkpoint; if it happens often, look at the network and at nodes that block',
      where: this.#channel,
    })
  }
}
