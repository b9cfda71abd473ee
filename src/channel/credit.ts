import { assert } from '../kit/assert.js'
import { LIMITS } from '../kit/limits.js'

/** What one channel may have in flight: sent, and not yet taken by the receiver. */
export interface Window {
  readonly frames: number
  readonly bytes: number
}

/** The windows of `channels` inputs of one subtask: together they stay within its gate, each has two batches at least. */
export function windowOf(channels: number): Window {
  const share = Math.floor(LIMITS.gateBytes / Math.max(channels, 1))
  return {
    frames: clamp(Math.floor(share / LIMITS.batchBytes), 2, LIMITS.channelFrames),
    bytes: clamp(share, 2 * LIMITS.batchBytes, LIMITS.channelBytes),
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}

/** How many events may follow the last frame that credit allowed: the barriers under way, and the end of input. */
export function reservedPlaces(maxConcurrent: number): number {
  return maxConcurrent + 1
}

/**
 * The sender's half of a channel's credit: how much of what was granted has been used.
 *
 * Grants are cumulative, so one that is lost, repeated or late does no harm. Records go while both a frame and a byte
 * of credit are left: the frame that crosses the last byte still goes, so one frame may always go, however large, and
 * a receiver that has taken everything has always left some. Events have places of their own behind the last frame.
 */
export class SendCredit {
  readonly #reserved: number
  #granted: Window = { frames: 0, bytes: 0 }
  #sent: Window = { frames: 0, bytes: 0 }

  constructor(reserved: number) {
    this.#reserved = reserved
  }

  /** Whether the first grant has come. */
  get isOpen(): boolean {
    return this.#granted.frames > 0
  }

  get sentFrames(): number {
    return this.#sent.frames
  }

  onGrant(frames: number, bytes: number): void {
    this.#granted = {
      frames: Math.max(this.#granted.frames, frames),
      bytes: Math.max(this.#granted.bytes, bytes),
    }
  }

  maySendRecords(): boolean {
    return this.#sent.frames < this.#granted.frames && this.#sent.bytes < this.#granted.bytes
  }

  maySendEvent(): boolean {
    return this.isOpen && this.#sent.frames < this.#granted.frames + this.#reserved
  }

  /** @returns the sequence of the frame */
  onSent(bytes: number): number {
    this.#sent = { frames: this.#sent.frames + 1, bytes: this.#sent.bytes + bytes }
    return this.#sent.frames
  }
}

/**
 * The receiver's half: grants what has been taken plus the window. Taking, not receiving, returns credit, so what
 * waits stays within the window; returning after half of it keeps grants few.
 */
export class ReceiveCredit {
  readonly #window: Window
  #taken: Window = { frames: 0, bytes: 0 }
  /** What had been taken when the last grant was made. */
  #told: Window = { frames: 0, bytes: 0 }

  constructor(window: Window) {
    this.#window = window
  }

  /** @returns whether a grant is due */
  onTaken(bytes: number): boolean {
    assert(bytes >= 0, 'a frame has bytes', { bytes })
    this.#taken = { frames: this.#taken.frames + 1, bytes: this.#taken.bytes + bytes }
    return (
      (this.#taken.frames - this.#told.frames) * 2 >= this.#window.frames ||
      (this.#taken.bytes - this.#told.bytes) * 2 >= this.#window.bytes
    )
  }

  /** The grant as of now; cumulative. */
  grant(): Window {
    this.#told = this.#taken
    return {
      frames: this.#taken.frames + this.#window.frames,
      bytes: this.#taken.bytes + this.#window.bytes,
    }
  }
}
