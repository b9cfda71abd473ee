import type { Actor, ActorContext, ActorRef, Address, DataLane } from '#src/actor/actor.js'
import { Inbox } from '#src/channel/inbox.js'
import { Outbox } from '#src/channel/outbox.js'
import type { Attempt, ChannelIndex } from '#src/kit/ids.js'
import type { Frame } from '#src/record/element.js'
import type { Click } from '../jobs/clicks.js'
import { BATCH_RECORDS, clickBatch } from './click-batch.js'

/** The two ends of one channel as subtasks have them: outbox, credit, transport, inbox; but nothing is done to a record. */

export type SenderMessage =
  | { readonly type: 'send'; readonly frames: number }
  | { readonly type: 'grant'; readonly frame: Frame }
  | { readonly type: 'all-came' }
  | { readonly type: 'tick' }

const ATTEMPT = 1 as Attempt
const CHANNEL = 0 as ChannelIndex

/** Sends so many frames as fast as there is credit; `done` when all have come. */
export class ChannelSender implements Actor<SenderMessage> {
  readonly #receiver: Address
  readonly #done: () => void
  readonly #clicks: readonly Click[] = clickBatch()
  #outbox: Outbox | undefined
  #left = 0

  constructor(receiver: Address, done: () => void) {
    this.#receiver = receiver
    this.#done = done
  }

  start(ctx: ActorContext<SenderMessage>): void {
    const channel = {
      inputIndex: CHANNEL,
      byReference: ctx.carriesByReference(this.#receiver),
      send: (frame: Frame | Uint8Array) => ctx.sendFrame(this.#receiver, frame),
    }
    const edge = { partitioner: { kind: 'forward' }, maxParallelism: 128, channels: [channel] } as const
    this.#outbox = new Outbox({ attempt: ATTEMPT, subtask: 0, edges: [edge] })
    this.#tick(ctx)
  }

  receive(message: SenderMessage, ctx: ActorContext<SenderMessage>): void {
    switch (message.type) {
      case 'send':
        this.#left = message.frames
        break
      case 'grant':
        this.#outbox!.onGrant(message.frame)
        break
      case 'all-came':
        this.#done()
        return
      case 'tick':
        this.#tick(ctx)
        return
    }
    const outbox = this.#outbox!
    while (this.#left > 0 && outbox.hasCredit()) {
      outbox.emitAll(this.#clicks)
      outbox.flush()
      this.#left--
    }
  }

  #tick(ctx: ActorContext<SenderMessage>): void {
    ctx.after('tick', this.#outbox!.tick(ctx.now()), { type: 'tick' })
  }
}

/** Takes frames, reads their records, and says so when `frames` of them have come. */
export class ChannelReceiver implements Actor<never>, DataLane {
  readonly data: DataLane = this
  readonly #sender: ActorRef<SenderMessage>
  readonly #frames: number
  #ctx: ActorContext<never> | undefined
  #came = 0
  readonly #inbox = new Inbox({
    attempt: ATTEMPT,
    channels: [{ outputIndex: CHANNEL }],
    mode: 'exactly-once',
    grant: (_, frame) => this.#ctx!.send(this.#sender, { type: 'grant', frame }),
  })

  constructor(sender: Address, frames: number) {
    this.#sender = { address: sender }
    this.#frames = frames
  }

  start(ctx: ActorContext<never>): void {
    this.#ctx = ctx
  }

  receive(): void {}

  deliver(frame: unknown): void {
    if (this.#ctx === undefined) return // a hello that came before the start comes again
    this.#inbox.deliver(frame as Frame | Uint8Array)
  }

  isReady(): boolean {
    return this.#inbox.isReady()
  }

  turn(): void {
    const event = this.#inbox.next()
    if (event?.kind !== 'records') return
    if (event.records.length !== BATCH_RECORDS)
      throw new Error(`a frame came with ${event.records.length} records`)
    if (++this.#came % this.#frames === 0) this.#ctx!.send(this.#sender, { type: 'all-came' })
  }
}
