import { LIMITS } from '../kit/limits.js'
import type { ReplyTo } from './actor.js'
import { Ring } from './ring.js'

/**
 * The control lane of one mailbox: requests, timers, credits, results, first in first out.
 *
 * What others send is bounded; what the actor itself has set in motion (its timers, the answers to its asks, results of
 * `pipeToSelf`) has a place of its own beyond the bound, one for each, and is never refused: an actor flooded by others
 * still hears how its own work went. Beside each message lies a slip that says what it is; most have none.
 */
export class ControlLane {
  readonly #messages = new Ring<unknown>()
  readonly #slips = new Ring<Slip | undefined>()
  readonly #max: number
  /** Messages from others among those that wait. */
  #foreign = 0

  constructor(max: number = LIMITS.controlLaneMax) {
    this.#max = max
  }

  get length(): number {
    return this.#messages.length
  }

  /** A message from someone; `replyTo` if it is an ask. False: the lane is full. */
  offer(message: unknown, replyTo: ReplyTo<unknown> | undefined): boolean {
    if (this.#foreign >= this.#max) return false
    this.#foreign++
    this.#messages.push(message)
    this.#slips.push(replyTo)
    return true
  }

  /** Something the actor itself is waiting for. */
  pushOwn(body: unknown, slip: Conversion | DueTimer): void {
    this.#messages.push(body)
    this.#slips.push(slip)
  }

  /** The slip of the oldest message. Ask for it before `shift`. */
  slip(): Slip | undefined {
    const slip = this.#slips.shift()
    if (slip === undefined || !isOwn(slip)) this.#foreign--
    return slip
  }

  shift(): unknown {
    return this.#messages.shift()
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
