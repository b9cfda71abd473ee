import { LIMITS } from '../kit/limits.js'
import type { ReplyTo } from './actor.js'

/**
 * The control lane of one mailbox: requests, timers, credits, results, first in first out.
 *
 * What others send is bounded; what the actor itself has set in motion (its timers, the answers to its asks, results of
 * `pipeToSelf`) has a place of its own beyond the bound, one for each, and is never refused: an actor flooded by others
 * still hears how its own work went. Beside each message lies a slip that says what it is; most have none.
 */
export class ControlLane {
  readonly #max: number
  /** A ring that grows by doubling: message, slip, message, slip, … */
  #slots: unknown[] = new Array(32).fill(undefined)
  #mask = 31
  #head = 0
  #length = 0
  /** Messages from others among those that wait. */
  #foreign = 0

  constructor(max: number = LIMITS.controlLaneMax) {
    this.#max = max
  }

  get length(): number {
    return this.#length
  }

  /** A message from someone; `replyTo` if it is an ask. False: the lane is full. */
  offer(message: unknown, replyTo: ReplyTo<unknown> | undefined): boolean {
    if (this.#foreign >= this.#max) return false
    this.#foreign++
    this.#push(message, replyTo)
    return true
  }

  /** Something the actor itself is waiting for. */
  pushOwn(body: unknown, slip: Conversion | DueTimer): void {
    this.#push(body, slip)
  }

  /** The slip of the oldest message. */
  get slip(): Slip | undefined {
    return this.#slots[this.#head + 1] as Slip | undefined
  }

  /** Takes the oldest message, and its slip off the lane. Only of a lane that is not empty. */
  shift(): unknown {
    const slots = this.#slots
    const head = this.#head
    const message = slots[head]
    const slip = slots[head + 1]
    slots[head] = undefined // so that what was taken is not kept alive
    if (slip === undefined) this.#foreign--
    else {
      slots[head + 1] = undefined
      if (!isOwn(slip as Slip)) this.#foreign--
    }
    this.#head = (head + 2) & this.#mask
    this.#length--
    return message
  }

  #push(message: unknown, slip: Slip | undefined): void {
    if (this.#length * 2 > this.#mask) this.#grow()
    const tail = (this.#head + this.#length * 2) & this.#mask
    this.#slots[tail] = message
    if (slip !== undefined) this.#slots[tail + 1] = slip
    this.#length++
  }

  #grow(): void {
    const slots: unknown[] = new Array(this.#slots.length * 2).fill(undefined)
    for (let i = 0; i <= this.#mask; i++) slots[i] = this.#slots[(this.#head + i) & this.#mask]
    this.#slots = slots
    this.#mask = slots.length - 1
    this.#head = 0
  }
}

export type Slip = ReplyTo<unknown> | Conversion | DueTimer

/** An outcome that waits to be made a message, in the turn that takes it: `toMessage` is the actor's own code. */
export class Conversion {
  readonly toMessage: (outcome: never) => unknown

  constructor(toMessage: (outcome: never) => unknown) {
    this.toMessage = toMessage
  }
}

/** A timer whose time has come. It may still be cancelled or replaced until the turn that takes it. */
export class DueTimer {
  readonly key: string
  readonly message: unknown

  constructor(key: string, message: unknown) {
    this.key = key
    this.message = message
  }
}

function isOwn(slip: Slip): slip is Conversion | DueTimer {
  return slip instanceof Conversion || slip instanceof DueTimer
}
