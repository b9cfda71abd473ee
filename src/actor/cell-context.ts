import type { ErrorInfo } from '../kit/errors.js'
import type {
  Actor,
  ActorContext,
  ActorRef,
  Address,
  Answer,
  AskOptions,
  ExitReason,
  Outcome,
  ReplyTo,
  SpawnOptions,
} from './actor.js'
import type { Cell } from './cell.js'
import type { CellParts } from './cell-parts.js'

/**
 * What the author of an actor sees of its cell, and nothing more. A killed actor goes on holding this object in its
 * closures: whatever it still sends through it ends here.
 */
export class CellContext implements ActorContext<unknown> {
  readonly self: ActorRef<unknown>
  readonly now: () => number
  readonly #cell: Cell
  readonly #parts: CellParts

  constructor(cell: Cell, parts: CellParts) {
    this.self = cell.ref
    this.now = () => parts.clock.now()
    this.#cell = cell
    this.#parts = parts
  }

  get asker(): ReplyTo<unknown> | undefined {
    return this.#cell.asker
  }

  spawn<C>(name: string, actor: Actor<C>, options: SpawnOptions<unknown> = {}): ActorRef<C> {
    return this.#cell.spawn(name, actor as Actor<unknown>, options).ref as ActorRef<C>
  }

  send<T>(to: ActorRef<T>, message: T): void {
    if (this.#cell.isFenced) this.#parts.deadLetters.add(to.address, 'sender-killed', message)
    else this.#parts.delivery.tell(to, message, this.self.address)
  }

  sendFrame(to: Address, frame: unknown): void {
    if (this.#cell.isFenced) this.#parts.deadLetters.add(to, 'sender-killed', frame)
    else this.#parts.delivery.frame(to, frame)
  }

  carriesByReference(to: Address): boolean {
    return this.#parts.delivery.carriesByReference(to)
  }

  ask(
    to: ActorRef<never>,
    question: unknown,
    options: AskOptions,
    toMessage: (answer: Answer<never>) => unknown,
  ): void {
    this.#cell.engagements.ask(to.address, question, options, toMessage)
  }

  reply<R>(value: R): void {
    if (!this.#cell.isFenced) this.#cell.reply(value)
  }

  replyTo<R>(to: ReplyTo<R>, answer: { ok: true; value: R } | { ok: false; error: ErrorInfo }): void {
    if (this.#cell.isFenced) return
    this.#parts.delivery.answer(
      to,
      answer.ok ? answer : { ok: false, failure: { kind: 'failed', error: answer.error } },
    )
  }

  after(key: string, delayMs: number, message: unknown): void {
    this.#cell.engagements.after(key, delayMs, message)
  }

  cancel(key: string): void {
    this.#cell.engagements.cancel(key)
  }

  pipeToSelf<T>(work: Promise<T>, toMessage: (outcome: Outcome<T>) => unknown): void {
    this.#cell.pipeToSelf(work, toMessage)
  }

  watch<T>(ref: ActorRef<T>, toMessage: (reason: ExitReason) => unknown): void {
    this.#cell.engagements.watch(ref.address, toMessage)
  }

  unwatch<T>(ref: ActorRef<T>): void {
    this.#cell.engagements.unwatch(ref.address)
  }

  wake(): void {
    this.#cell.wake()
  }

  stop<T>(child: ActorRef<T>): void {
    this.#cell.stopChild(child.address)
  }

  kill<T>(child: ActorRef<T>): void {
    this.#cell.killChild(child.address)
  }

  exit(): void {
    this.#cell.exit()
  }

  fail(error: unknown): void {
    this.#cell.fail(error)
  }
}
