import { assert, assertNever } from '../kit/assert.js'
import type { Attempt, ChannelIndex, CheckpointId } from '../kit/ids.js'
import type { Barrier, Frame } from '../record/element.js'
import { decodeFrame, KIND, readHeader } from '../record/frame-codec.js'
import { BarrierAligner } from './barrier-aligner.js'
import { BarrierTracker } from './barrier-tracker.js'
import { windowOf } from './credit.js'
import { frozen } from './frozen.js'
import { InputChannel } from './input-channel.js'

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
  /** Monotonic milliseconds, read once per barrier, for `alignmentMs`. */
  readonly now?: () => number
  /** For tests: records are frozen deeply before they are handed out. */
  readonly freeze?: boolean
}

export interface InboxCounters {
  recordsIn: number
  framesIn: number
  bytesIn: number
  /** Frames that came a second time, and were dropped. */
  repeated: number
  /** Frames of another attempt, which were dropped. */
  foreign: number
}

/**
 * All inputs of a subtask. It keeps a FIFO per channel, hands out what comes next from a channel that no alignment
 * blocks, each channel in its turn, and turns the barriers and ends of all channels into one.
 *
 * Whatever is wrong with a frame is kept and thrown by `next`, in the subtask's own turn: delivering never throws.
 */
export class Inbox {
  readonly counters: InboxCounters = { recordsIn: 0, framesIn: 0, bytesIn: 0, repeated: 0, foreign: 0 }
  readonly #options: InboxOptions
  readonly #channels: readonly InputChannel[]
  readonly #barriers: BarrierAligner | BarrierTracker
  /** When the first barrier of a checkpoint came that is still waiting for others. */
  readonly #waitingSince = new Map<CheckpointId, number>()
  #alignmentMs = 0
  /** The channel whose turn it is. */
  #turn = 0
  /** Elements in all channels: most often none, and then no channel need be looked at, of which there may be many. */
  #waiting = 0
  #ended = 0
  #failure: { readonly error: unknown } | undefined

  constructor(options: InboxOptions) {
    const { attempt, channels, mode, maxConcurrent = 1, grant, where = 'a subtask' } = options
    this.#options = options
    const window = windowOf(channels.length)
    this.#channels = channels.map(({ outputIndex }, index) => {
      const toSender = (frame: Frame) => grant(index as ChannelIndex, frame)
      const name = `input ${index} of ${where}`
      return new InputChannel({ attempt, outputIndex, window, maxConcurrent, grant: toSender, name })
    })
    this.#barriers = new (mode === 'exactly-once' ? BarrierAligner : BarrierTracker)(channels.length)
  }

  /** How long the last barrier's alignment took. */
  get alignmentMs(): number {
    return this.#alignmentMs
  }

  /** Bytes that wait in all channels. */
  get queuedBytes(): number {
    return this.#channels.reduce((sum, channel) => sum + channel.queuedBytes, 0)
  }

  /** A frame has arrived, as an object or as bytes. Never throws: what is wrong with it is thrown by `next`. */
  deliver(frame: Frame | Uint8Array): void {
    if (this.#failure !== undefined) return
    try {
      if (frame instanceof Uint8Array) this.#onBytes(frame)
      else this.#onFrame(frame)
    } catch (error) {
      this.#failure = { error }
    }
  }

  isReady(): boolean {
    return this.#failure !== undefined || this.#choose() !== undefined
  }

  /** At most one batch or event. Throws ChannelLost, or that a frame was damaged. */
  next(): InboxEvent | undefined {
    if (this.#failure !== undefined) throw this.#failure.error
    for (let channel = this.#choose(); channel !== undefined; channel = this.#choose()) {
      this.#turn = (channel + 1) % this.#channels.length
      const event = this.#take(channel)
      if (event !== undefined) return event
    }
    return undefined
  }

  /** The coordinator has given `checkpoint` up: stop waiting for it. */
  abort(checkpoint: CheckpointId): void {
    this.#barriers.abort(checkpoint)
    this.#waitingSince.delete(checkpoint)
  }

  /** All up to `checkpoint` are decided: stop waiting for any of them. */
  settle(checkpoint: CheckpointId): void {
    this.#barriers.settle(checkpoint)
    this.#forgetWaiting(checkpoint)
  }

  #onBytes(bytes: Uint8Array): void {
    const header = readHeader(bytes)
    if (header.kind >= KIND.hello) {
      this.#onFrame(decodeFrame(bytes))
      return
    }
    const channel = this.#channelOf(header)
    if (channel !== undefined) this.#count(channel.onBytes(header, bytes), bytes.byteLength)
  }

  #onFrame(frame: Frame): void {
    const channel = this.#channelOf(frame)
    if (channel === undefined) return
    switch (frame.kind) {
      case 'element':
        this.#count(channel.onObject(frame), frame.bytes)
        break
      case 'hello':
        channel.onHello()
        break
      case 'beacon':
        channel.onBeacon(frame.lastSequence)
        break
      case 'grant':
        assert(false, 'a grant goes upstream', { channel: frame.channel })
        break
      default:
        assertNever(frame)
    }
  }

  #channelOf(frame: { readonly channel: ChannelIndex; readonly attempt: Attempt }): InputChannel | undefined {
    if (frame.attempt !== this.#options.attempt) {
      this.counters.foreign += 1
      return undefined
    }
    const channel = this.#channels[frame.channel]
    assert(channel !== undefined, 'a frame names a channel', { channel: frame.channel })
    return channel
  }

  #count(isNew: boolean, bytes: number): void {
    if (!isNew) {
      this.counters.repeated += 1
      return
    }
    this.#waiting += 1
    this.counters.framesIn += 1
    this.counters.bytesIn += bytes
  }

  /** The next channel, in turn, that holds something and is not blocked. */
  #choose(): ChannelIndex | undefined {
    if (this.#waiting === 0) return undefined
    const count = this.#channels.length
    for (let i = 0; i < count; i++) {
      const channel = ((this.#turn + i) % count) as ChannelIndex
      if (!this.#channels[channel]!.isEmpty && !this.#barriers.isBlocked(channel)) return channel
    }
    return undefined
  }

  #take(channel: ChannelIndex): InboxEvent | undefined {
    this.#waiting -= 1
    const element = this.#channels[channel]!.take()
    switch (element.kind) {
      case 'records': {
        const { records } = element
        this.counters.recordsIn += records.length
        return {
          kind: 'records',
          channel,
          records: this.#options.freeze === true ? frozen(records) : records,
        }
      }
      case 'barrier':
        return this.#onBarrier(channel, element)
      case 'end-of-input':
        this.#ended += 1
        return this.#ended === this.#channels.length ? { kind: 'ended' } : undefined
      default:
        return assertNever(element)
    }
  }

  #onBarrier(channel: ChannelIndex, { checkpoint, aborted }: Barrier): InboxEvent | undefined {
    for (const given of aborted) this.abort(given)
    const now = this.#options.now?.() ?? 0
    switch (this.#barriers.onBarrier(channel, checkpoint)) {
      case 'late':
        return undefined
      case 'waiting':
        if (!this.#waitingSince.has(checkpoint)) this.#waitingSince.set(checkpoint, now)
        return undefined
      case 'aligned':
        this.#alignmentMs = now - (this.#waitingSince.get(checkpoint) ?? now)
        this.#forgetWaiting(checkpoint)
        return { kind: 'barrier', checkpoint, aborted }
    }
  }

  #forgetWaiting(upTo: CheckpointId): void {
    for (const older of this.#waitingSince.keys()) if (older <= upTo) this.#waitingSince.delete(older)
  }
}
