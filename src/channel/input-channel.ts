import { assert } from '../kit/assert.js'
import type { Attempt, ChannelIndex } from '../kit/ids.js'
import type { Element, Frame } from '../record/element.js'
import { decodeElement, type FrameHeader } from '../record/frame-codec.js'
import { ReceiveCredit, reservedPlaces, type Window } from './credit.js'
import { Sequence } from './sequence.js'

export interface InputChannelOptions {
  readonly attempt: Attempt
  /** Index of the channel among its sender's outputs: what a grant is addressed to. */
  readonly outputIndex: ChannelIndex
  readonly window: Window
  readonly maxConcurrent: number
  readonly grant: (frame: Frame) => void
  /** Names the channel in errors. */
  readonly name: string
}

/** An element as it arrived: read from its bytes only when it is taken, so that what is blocked stays small. */
type Arrived =
  | { readonly kind: 'object'; readonly bytes: number; readonly element: Element }
  | {
      readonly kind: 'bytes'
      readonly bytes: number
      readonly header: FrameHeader
      readonly encoded: Uint8Array
    }

/**
 * The receiver's end of a channel: one FIFO of records and events, no larger than what was granted. What is taken out
 * gives its credit back; a hello and a beacon are answered with the grant as of now.
 */
export class InputChannel {
  readonly #options: InputChannelOptions
  readonly #sequence: Sequence
  readonly #credit: ReceiveCredit
  readonly #arrived: Arrived[] = []
  readonly #framesMax: number
  #queuedBytes = 0

  constructor(options: InputChannelOptions) {
    this.#options = options
    this.#sequence = new Sequence(options.name)
    this.#credit = new ReceiveCredit(options.window)
    this.#framesMax = options.window.frames + reservedPlaces(options.maxConcurrent)
  }

  get isEmpty(): boolean {
    return this.#arrived.length === 0
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  onHello(): void {
    this.#grant()
  }

  onBeacon(lastSequence: number): void {
    this.#sequence.onBeacon(lastSequence)
    this.#grant()
  }

  /** @returns whether it was new; one that comes again is dropped. Throws ChannelLost for a gap. */
  onObject(frame: Extract<Frame, { kind: 'element' }>): boolean {
    if (!this.#sequence.accepts(frame.sequence)) return false
    this.#keep({ kind: 'object', bytes: frame.bytes, element: frame.element })
    return true
  }

  onBytes(header: FrameHeader, encoded: Uint8Array): boolean {
    if (!this.#sequence.accepts(header.sequence)) return false
    this.#keep({ kind: 'bytes', bytes: encoded.byteLength, header, encoded })
    return true
  }

  /** The next element, in order. Not on an empty channel. */
  take(): Element {
    const arrived = this.#arrived.shift()
    assert(arrived !== undefined, 'an element is taken only where one waits', { channel: this.#options.name })
    this.#queuedBytes -= arrived.bytes
    if (this.#credit.onTaken(arrived.bytes)) this.#grant()
    return arrived.kind === 'object' ? arrived.element : decodeElement(arrived.header, arrived.encoded)
  }

  #keep(arrived: Arrived): void {
    const { name } = this.#options
    assert(this.#arrived.length < this.#framesMax, 'a sender keeps to its grant', {
      name,
      framesMax: this.#framesMax,
    })
    this.#arrived.push(arrived)
    this.#queuedBytes += arrived.bytes
  }

  #grant(): void {
    const { outputIndex: channel, attempt, grant } = this.#options
    grant({ kind: 'grant', channel, attempt, ...this.#credit.grant(), received: this.#sequence.received })
  }
}
