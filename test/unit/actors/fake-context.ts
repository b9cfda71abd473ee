import type {
  Actor,
  ActorContext,
  ActorRef,
  Address,
  Answer,
  AskFailure,
  AskOptions,
  ExitReason,
  Outcome,
  ReplyTo,
} from '#src/actor/actor.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { VirtualClock } from '#src/kit/virtual-clock.js'

/** A question that the actor under test asked and that nobody has answered yet. */
export interface Asked {
  readonly to: Address
  readonly question: { readonly type: string } & Record<string, unknown>
  readonly options: AskOptions
  answer(value: unknown): void
  fail(failure: AskFailure): void
}

/** An actor that the actor under test watches. */
export interface Watched {
  readonly to: Address
  /** It has ended. */
  end(reason: ExitReason): void
}

/** Runs one actor alone on virtual time: what it sends and asks is kept for the test, which answers in its place. */
export class FakeContext<M> implements ActorContext<M> {
  readonly self: ActorRef<M> = refTo('self')
  readonly sent: {
    readonly to: Address
    readonly message: { readonly type: string } & Record<string, unknown>
  }[] = []
  readonly replies: unknown[] = []
  asked: Asked[] = []
  watched: Watched[] = []
  asker: ReplyTo<unknown> | undefined
  /** Frames that it has sent, and where to. */
  readonly frames: { readonly to: Address; readonly frame: unknown }[] = []
  failed: unknown
  hasExited = false
  readonly #actor: Actor<M>
  readonly #clock: VirtualClock
  readonly #timers = new Map<string, () => void>()

  constructor(actor: Actor<M>, clock: VirtualClock) {
    this.#actor = actor
    this.#clock = clock
    actor.start?.(this)
  }

  readonly now = () => this.#clock.now()

  /** Delivers a message, as a tell or (with `asker`) as an ask. */
  tell(message: M): void {
    this.asker = undefined
    this.#actor.receive(message, this)
  }

  ask_(message: M, correlation = this.replies.length + 1): void {
    this.asker = { address: 'tester' as Address, correlation }
    this.#actor.receive(message, this)
    this.asker = undefined
  }

  /** Takes the open questions of a type, in the order in which they were asked. */
  takeAsked(type: string): Asked[] {
    const taken = this.asked.filter(({ question }) => question.type === type)
    this.asked = this.asked.filter(({ question }) => question.type !== type)
    return taken
  }

  sentOf(type: string) {
    return this.sent.filter(({ message }) => message.type === type).map(({ message }) => message)
  }

  send<T>(to: ActorRef<T>, message: T): void {
    this.sent.push({ to: to.address, message: message as never })
  }

  ask(
    to: ActorRef<never>,
    question: unknown,
    options: AskOptions,
    toMessage: (answer: Answer<never>) => M,
  ): void {
    const deliver = (answer: unknown) => this.tell(toMessage(answer as Answer<never>))
    this.asked.push({
      to: to.address,
      question: question as Asked['question'],
      options,
      answer: (value) => deliver({ ok: true, value }),
      fail: (failure) => deliver({ ok: false, failure }),
    })
  }

  reply<R>(value: R): void {
    this.replies.push(value)
  }

  replyTo<R>(_to: ReplyTo<R>, answer: { ok: true; value: R } | { ok: false; error: ErrorInfo }): void {
    this.replies.push(answer.ok ? answer.value : answer.error)
  }

  after(key: string, delayMs: number, message: M): void {
    this.cancel(key)
    this.#timers.set(
      key,
      this.#clock.after(delayMs, () => this.tell(message)),
    )
  }

  cancel(key: string): void {
    this.#timers.get(key)?.()
    this.#timers.delete(key)
  }

  pipeToSelf<T>(work: Promise<T>, toMessage: (outcome: Outcome<T>) => M): void {
    work.then(
      (value) => this.tell(toMessage({ ok: true, value })),
      (error) => this.tell(toMessage({ ok: false, error })),
    )
  }

  fail(error: unknown): void {
    this.failed = error
  }

  spawn(): never {
    throw new Error('the actor under test has no children')
  }

  carriesByReference(): boolean {
    return true
  }

  sendFrame(to: Address, frame: unknown): void {
    this.frames.push({ to, frame })
  }

  watch(ref: ActorRef<never>, toMessage: (reason: ExitReason) => M): void {
    this.unwatch(ref)
    const end = (reason: ExitReason) => {
      this.unwatch(ref)
      this.tell(toMessage(reason))
    }
    this.watched.push({ to: ref.address, end })
  }

  unwatch(ref: ActorRef<never>): void {
    this.watched = this.watched.filter(({ to }) => to !== ref.address)
  }

  wake(): void {}
  stop(): void {}
  kill(): void {}

  exit(): void {
    this.hasExited = true
  }
}

export function refTo<T>(address: string): ActorRef<T> {
  return { address: address as Address }
}
