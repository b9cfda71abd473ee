import type { Logger } from '../kit/logger.js'
import type { Address } from './actor.js'
import { typeOf } from './dispatcher.js'

/** Why a message found no mailbox. */
export type DeadLetterReason =
  | 'no-such-actor'
  | 'mailbox-full'
  /** It waited in the mailbox of an actor that ended. */
  | 'actor-ended'
  /** A frame for an actor without a data lane. */
  | 'no-data-lane'
  /** No transport knows a way to that system. */
  | 'no-route'
  /** A transport said that it did not arrive. */
  | 'no-responder'
  | 'link-down'
  /** It is no data that a transport could carry. */
  | 'not-sendable'
  /** Its sender had been killed. */
  | 'sender-killed'

/** A message that found no mailbox; the message itself is not kept. */
export interface DeadLetter {
  /** Where it was to go. */
  readonly to: Address
  /** Why it did not. */
  readonly reason: DeadLetterReason
  /** Its `type`, or of which kind it is. */
  readonly type: string
}

const SAMPLES = 32

/**
 * Counts what could not be delivered, keeps the latest few by name, and tells whoever looks. Messages themselves are
 * not kept: a dead letter may weigh a megabyte. Logged when the count reaches a power of two, so that a flood is a
 * handful of lines.
 */
export class DeadLetters {
  readonly #logger: Logger
  readonly #observe: ((letter: DeadLetter, message: unknown) => void) | undefined
  readonly #counts = new Map<DeadLetterReason, number>()
  readonly #samples: DeadLetter[] = []
  #total = 0

  constructor(logger: Logger, observe?: (letter: DeadLetter, message: unknown) => void) {
    this.#logger = logger
    this.#observe = observe
  }

  get total(): number {
    return this.#total
  }

  add(to: Address, reason: DeadLetterReason, message: unknown): void {
    const letter: DeadLetter = { to, reason, type: typeOf(message) }
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1)
    this.#samples[this.#total % SAMPLES] = letter
    this.#total++
    if ((this.#total & (this.#total - 1)) === 0)
      this.#logger.debug({ ...letter, total: this.#total }, 'dead letter')
    this.#observe?.(letter, message)
  }

  snapshot(): {
    total: number
    byReason: Partial<Record<DeadLetterReason, number>>
    latest: readonly DeadLetter[]
  } {
    const latest =
      this.#total <= SAMPLES
        ? [...this.#samples]
        : [...this.#samples.slice(this.#total % SAMPLES), ...this.#samples.slice(0, this.#total % SAMPLES)]
    return { total: this.#total, byReason: Object.fromEntries(this.#counts), latest }
  }
}
