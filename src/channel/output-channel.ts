import { RetakeError } from '../kit/errors.js'
import type { Attempt, ChannelIndex, CheckpointId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Barrier, Element, EndOfInput, Frame } from '../record/element.js'
import { encodeFrame, stampSequence } from '../record/frame-codec.js'
import { reservedPlaces, SendCredit } from './credit.js'

export interface OutputChannelOptions {
  readonly attempt: Attempt
  /** Index of the channel among the receiver's inputs. */
  readonly inputIndex: ChannelIndex
  /** Whether records go as objects; else as bytes. */
  readonly byReference: boolean
  readonly send: (frame: Frame | Uint8Array) => void
  readonly maxConcurrent: number
  /** Names the operator in errors. */
  readonly where: string | undefined
  readonly checksum: boolean
}

/** What waits for credit: encoded as soon as its batch is closed, numbered when it goes. */
interface Waiting {
  readonly element: Element
  readonly bytes: number
  readonly encoded: Uint8Array | undefined
}

/** Stands for records that wait as bytes, so that the records themselves can go. */
const ENCODED_RECORDS: Element = { kind: 'records', records: [] }

/** What an event is booked as where it travels by reference. */
const EVENT_BYTES = 64

/**
 * The sender's end of a channel. It repeats hello until the first grant has come, sends in order what credit allows,
 * keeps the rest, and says where it stands when it is idle and has not heard that all arrived, or without credit. It
 * never awaits: who fills it asks `isReady` before taking more input.
 */
export class OutputChannel {
  readonly #options: OutputChannelOptions
  readonly #credit: SendCredit
  readonly #waiting: Waiting[] = []
  #queuedBytes = 0
  #bytesOut = 0
  #helloDelayMs: number = LIMITS.helloMs
  #helloAt = Number.NEGATIVE_INFINITY
  #sentSinceTick = false
  #beaconAt = Number.NEGATIVE_INFINITY
  /** Of its frames so many have arrived, as its receiver last said. */
  #arrived = 0

  constructor(options: OutputChannelOptions) {
    this.#options = options
    this.#credit = new SendCredit(reservedPlaces(options.maxConcurrent))
  }

  get isOpen(): boolean {
    return this.#credit.isOpen
  }

  get isDrained(): boolean {
    return this.#waiting.length === 0
  }

  /** Whether records that are put now go at once. */
  get isReady(): boolean {
    return this.#waiting.length === 0 && this.#credit.maySendRecords()
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get framesOut(): number {
    return this.#credit.sentFrames
  }

  get bytesOut(): number {
    return this.#bytesOut
  }

  /** Takes the array. @param estimatedBytes what it is booked as where it travels by reference */
  putRecords(records: readonly unknown[], estimatedBytes: number): void {
    if (this.#options.byReference) {
      this.#put({
        element: { kind: 'records', records },
        bytes: Math.ceil(estimatedBytes),
        encoded: undefined,
      })
    } else {
      this.#putEncoded(records)
    }
  }

  putEvent(element: Barrier | EndOfInput): void {
    const encoded = this.#options.byReference ? undefined : this.#encode(element)
    this.#put({ element, bytes: encoded?.byteLength ?? EVENT_BYTES, encoded })
  }

  /** Takes back barriers that mean nothing any more while they still wait. */
  dropBarriers(isDropped: (checkpoint: CheckpointId) => boolean): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const { element, bytes } = this.#waiting[i]!
      if (element.kind !== 'barrier' || !isDropped(element.checkpoint)) continue
      this.#waiting.splice(i, 1)
      this.#queuedBytes -= bytes
    }
    this.#drain()
  }

  /** @param received the last frame that has arrived */
  onGrant(frames: number, bytes: number, received: number): void {
    this.#credit.onGrant(frames, bytes)
    this.#arrived = Math.max(this.#arrived, received)
    this.#drain()
  }

  /** @returns milliseconds until it wants to be called again */
  tick(nowMs: number): number {
    return this.isOpen ? this.#tickBeacon(nowMs) : this.#tickHello(nowMs)
  }

  #tickHello(nowMs: number): number {
    if (nowMs >= this.#helloAt) {
      this.#sendControl({ kind: 'hello', channel: this.#options.inputIndex, attempt: this.#options.attempt })
      this.#helloAt = nowMs + this.#helloDelayMs
      this.#helloDelayMs = Math.min(this.#helloDelayMs * 2, LIMITS.helloMaxMs)
    }
    return this.#helloAt - nowMs
  }

  /**
   * Silence needs no beacon where the receiver has told that all has arrived, and more may go: no tail is lost, and no
   * credit. Of n² channels most are silent most of the time.
   */
  #tickBeacon(nowMs: number): number {
    const isSettled = this.#arrived === this.#credit.sentFrames && this.isReady
    if (this.#sentSinceTick || isSettled || this.#beaconAt === Number.NEGATIVE_INFINITY) {
      this.#sentSinceTick = false
      this.#beaconAt = nowMs + LIMITS.beaconMs
    }
    if (nowMs >= this.#beaconAt) {
      const { inputIndex: channel, attempt } = this.#options
      this.#sendControl({ kind: 'beacon', channel, attempt, lastSequence: this.#credit.sentFrames })
      this.#beaconAt = nowMs + LIMITS.beaconMs
    }
    return this.#beaconAt - nowMs
  }

  /** A batch that is too large for one frame goes as two; a record that is has no way. */
  #putEncoded(records: readonly unknown[]): void {
    const element = { kind: 'records', records } as const
    const encoded = this.#encode(element)
    if (encoded.byteLength <= LIMITS.frameBytesMax) {
      this.#put({ element: ENCODED_RECORDS, bytes: encoded.byteLength, encoded })
      return
    }
    if (records.length === 1) throw tooLarge(encoded.byteLength, this.#options.where)
    const half = records.length >>> 1
    this.#putEncoded(records.slice(0, half))
    this.#putEncoded(records.slice(half))
  }

  #encode(element: Element): Uint8Array {
    const { inputIndex: channel, attempt, checksum, where } = this.#options
    const frame: Frame = { kind: 'element', channel, attempt, sequence: 0, bytes: 0, element }
    return encodeFrame(frame, { checksum, where })
  }

  #put(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#queuedBytes += waiting.bytes
    this.#drain()
  }

  #drain(): void {
    for (
      let next = this.#waiting[0];
      next !== undefined && this.#mayGo(next.element);
      next = this.#waiting[0]
    ) {
      this.#waiting.shift()
      this.#queuedBytes -= next.bytes
      this.#go(next)
    }
  }

  #mayGo(element: Element): boolean {
    return element.kind === 'records' ? this.#credit.maySendRecords() : this.#credit.maySendEvent()
  }

  #go({ element, bytes, encoded }: Waiting): void {
    const sequence = this.#credit.onSent(bytes)
    this.#bytesOut += bytes
    this.#sentSinceTick = true
    const { inputIndex: channel, attempt, send } = this.#options
    if (encoded === undefined) {
      send({ kind: 'element', channel, attempt, sequence, bytes, element })
      return
    }
    stampSequence(encoded, sequence)
    send(encoded)
  }

  #sendControl(frame: Frame): void {
    this.#options.send(this.#options.byReference ? frame : encodeFrame(frame))
  }
}

function tooLarge(bytes: number, where: string | undefined): RetakeError {
  return new RetakeError('RT1612', {
    what: `a record takes ${bytes} bytes, more than a frame may have (${LIMITS.frameBytesMax})`,
    why: 'a frame must fit into one message, and a record is never cut',
    fix: 'send less per record: keep large values elsewhere and send where they are, or split the record before this operator emits it',
    where,
  })
}
