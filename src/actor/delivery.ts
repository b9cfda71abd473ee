import { errorInfoOf } from '../kit/errors.js'
import type { SystemId } from '../kit/ids.js'
import type { Logger } from '../kit/logger.js'
import type { ActorRef, Address, Answer, ReplyTo } from './actor.js'
import { signalAddress, systemOf } from './address.js'
import type { Cell } from './cell.js'
import { CellRef } from './cell-ref.js'
import type { DeadLetters } from './dead-letters.js'
import type { DeathWatch, WatchSignal } from './death-watch.js'
import type { PendingAsks, Question } from './pending-asks.js'
import type { Router } from './router.js'
import type { Parcel } from './transport/transport.js'

/**
 * Takes what actors send to where it belongs: by reference to a mailbox of this system, by a transport to another's;
 * and what transports bring in, to its mailbox. What cannot be delivered ends here, visibly: a tell as a dead letter,
 * an ask with its failure.
 *
 * `by-transport` sends even what stays in this system through a transport: the switch that forces everything over NATS.
 */
export class Delivery {
  readonly #own: SystemId
  /** What the addresses of its actors begin with. */
  readonly #ownPrefix: string
  /** Names that this system has taken beside its id. */
  readonly #names = new Set<SystemId>()
  readonly #local: 'by-reference' | 'by-transport'
  readonly #cells: ReadonlyMap<Address, Cell>
  readonly #router: Router
  readonly #deadLetters: DeadLetters
  readonly #logger: Logger
  readonly #asks: PendingAsks
  readonly #deathWatch: DeathWatch

  constructor(options: {
    readonly own: SystemId
    readonly local: 'by-reference' | 'by-transport'
    readonly cells: ReadonlyMap<Address, Cell>
    readonly router: Router
    readonly deadLetters: DeadLetters
    readonly logger: Logger
    readonly asks: PendingAsks
    readonly deathWatch: DeathWatch
  }) {
    this.#own = options.own
    this.#ownPrefix = `${options.own}.`
    this.#local = options.local
    this.#cells = options.cells
    this.#router = options.router
    this.#deadLetters = options.deadLetters
    this.#logger = options.logger
    this.#asks = options.asks
    this.#deathWatch = options.deathWatch
  }

  /** What is sent to `name` from now on is sent to this system. */
  takeName(name: SystemId): void {
    this.#names.add(name)
  }

  /** What is under way to it by that name finds nobody. */
  dropName(name: SystemId): void {
    this.#names.delete(name)
  }

  carriesByReference(to: Address): boolean {
    return this.#local === 'by-reference' && systemOf(to) === this.#own
  }

  /** @param from the actor that tells; what it tells itself no transport may lose, not even where all else goes by one */
  tell(ref: ActorRef<never>, message: unknown, from?: Address): void {
    const to = ref.address
    // Found at once is the usual case: the address is taken apart only for what is not here.
    const cell = this.#local === 'by-reference' || to === from ? this.#cellOf(ref) : undefined
    if (cell !== undefined || to === from || this.#staysHere(to)) this.#tellHere(to, cell, message)
    else this.#tellElsewhere(this.#resolved(to), message)
  }

  frame(to: Address, frame: unknown): void {
    const cell = this.#local === 'by-reference' ? this.#cells.get(to) : undefined
    if (cell !== undefined || this.#staysHere(to)) this.#frameHere(to, cell, frame)
    else this.#send({ kind: 'frame', to, body: frame })
  }

  /** Puts a question of `PendingAsks`, for the first time or again. */
  put(question: Question, correlation: number): void {
    const { from, body } = question
    const to = this.#resolved(question.to)
    if (this.#staysHere(to)) this.#askHere(to, body, { address: from, correlation })
    else this.#send({ kind: 'ask', to, from, correlation, body })
  }

  answer(to: ReplyTo<unknown>, answer: Answer<unknown>): void {
    if (this.#staysHere(to.address)) this.#asks.onAnswer(to.correlation, answer)
    else this.#send({ kind: 'answer', to: to.address, correlation: to.correlation, body: answer })
  }

  signal(system: SystemId, signal: WatchSignal): void {
    this.#send({ kind: 'signal', to: signalAddress(system), from: signalAddress(this.#own), body: signal })
  }

  onParcel(parcel: Parcel): void {
    const to = this.#resolved(parcel.to)
    switch (parcel.kind) {
      case 'tell':
        this.#tellHere(to, this.#cells.get(to), parcel.body)
        return
      case 'ask':
        this.#askHere(to, parcel.body, { address: parcel.from, correlation: parcel.correlation })
        return
      case 'answer':
        this.#asks.onAnswer(parcel.correlation, parcel.body as Answer<unknown>)
        return
      case 'signal':
        this.#deathWatch.onSignal(parcel.body as WatchSignal)
        return
      case 'frame':
        this.#frameHere(to, this.#cells.get(to), parcel.body)
    }
  }

  onUndeliverable(
    parcel: Parcel,
    why: 'no-responder' | 'link-down' | 'no-route' | 'not-sendable',
    error?: unknown,
  ): void {
    switch (parcel.kind) {
      case 'ask': {
        if (why === 'not-sendable') this.#asks.onAnswer(parcel.correlation, failed(error))
        else this.#asks.onUndelivered(parcel.correlation, { kind: why === 'no-route' ? 'no-responder' : why })
        return
      }
      case 'signal':
        if (why === 'no-responder' || why === 'no-route') this.#deathWatch.onNoResponder(systemOf(parcel.to))
        return
      case 'answer':
        // An answer that cannot be carried must not leave the other side waiting.
        if (why === 'not-sendable' && (parcel.body as Answer<unknown>).ok)
          this.#send({ ...parcel, body: failed(error) })
        else this.#deadLetters.add(parcel.to, why, parcel.body)
        return
      case 'tell':
      case 'frame':
        this.#deadLetters.add(parcel.to, why, parcel.body)
    }
  }

  /** `to` by this system's id, where it says one of its names. */
  #resolved(to: Address): Address {
    if (this.#names.size === 0) return to
    const system = systemOf(to)
    return this.#names.has(system) ? (`${this.#own}${to.slice(system.length)}` as Address) : to
  }

  #staysHere(to: Address): boolean {
    return this.#local === 'by-reference' && (to.startsWith(this.#ownPrefix) || systemOf(to) === this.#own)
  }

  #cellOf(ref: ActorRef<never>): Cell | undefined {
    return CellRef.cellOf(ref, this) ?? this.#cells.get(ref.address)
  }

  /** To another system, or to this one by one of its names. */
  #tellElsewhere(to: Address, message: unknown): void {
    if (this.#staysHere(to)) this.#tellHere(to, this.#cells.get(to), message)
    else this.#send({ kind: 'tell', to, body: message })
  }

  #tellHere(to: Address, cell: Cell | undefined, message: unknown): void {
    if (cell === undefined) this.#deadLetters.add(to, 'no-such-actor', message)
    else if (!cell.tell(message)) this.#deadLetters.add(to, 'mailbox-full', message)
  }

  #frameHere(to: Address, cell: Cell | undefined, frame: unknown): void {
    if (cell === undefined) this.#deadLetters.add(to, 'no-such-actor', frame)
    else if (!cell.frame(frame)) this.#deadLetters.add(to, 'no-data-lane', frame)
  }

  #askHere(to: Address, body: unknown, replyTo: ReplyTo<unknown>): void {
    const cell = this.#cells.get(to)
    if (cell === undefined) this.answer(replyTo, { ok: false, failure: { kind: 'no-responder' } })
    else if (!cell.ask(body, replyTo)) this.answer(replyTo, { ok: false, failure: { kind: 'mailbox-full' } })
  }

  #send(parcel: Parcel): void {
    const transport = this.#router.transportTo(systemOf(parcel.to))
    if (transport === undefined) {
      this.onUndeliverable(parcel, 'no-route')
      return
    }
    try {
      transport.send(parcel)
    } catch (error) {
      // What a peer or an outage does never throws here; what the sender put into the message may.
      this.#logger.error(
        { to: parcel.to, kind: parcel.kind, error: errorInfoOf(error) },
        'a message is no plain data',
      )
      this.onUndeliverable(parcel, 'not-sendable', error)
    }
  }
}

function failed(error: unknown): Answer<unknown> {
  return { ok: false, failure: { kind: 'failed', error: errorInfoOf(error) } }
}
