import type { ErrorInfo } from '../kit/errors.js'
import type { Brand } from '../kit/ids.js'
import type { NotAPromise } from '../kit/not-a-promise.js'

/**
 * What an actor is, to whoever writes one and to whoever runs one. The library's half is `system.ts`, `cell.ts`
 * (mailbox, lifecycle) and `dispatcher.ts`.
 *
 *     yours                          the library's
 *     start(ctx)                     address, mailbox with three lanes, children, timers
 *     receive(message, ctx)          one call at a time, never re-entered; a throw fails the actor
 *     data?: DataLane                turns on the data lane when system and control lanes are empty
 *     stop(reason, ctx)              children stopped right to left first, timers cancelled, watchers told
 *
 * A turn is synchronous and atomic. Async work comes back as a message (`ctx.pipeToSelf`).
 */
export interface Actor<M> {
  /** Before the first message. May spawn, watch, send. A throw is a failed start. */
  start?(ctx: ActorContext<M>): NotAPromise
  /** One message, to its end: nothing else happens to the actor meanwhile. A throw fails it. */
  receive(message: M, ctx: ActorContext<M>): NotAPromise
  /**
   * Once, when it ends for whatever reason, after its children have ended; not if its `start` was never called. What it
   * still sends is delivered, but for a killed one's.
   */
  stop?(reason: ExitReason, ctx: ActorContext<M>): NotAPromise
  /** Present on actors that take frames. */
  readonly data?: DataLane | undefined
  /** What it is doing, as plain data, for `ActorSystem.tree`. */
  describe?(): unknown
}

/** The lane of frames. Its owner chooses what to take: a FIFO per channel, an unblocked one first. */
export interface DataLane {
  /** A frame has arrived: keep it. Never runs user code, never throws for what a peer may send. */
  deliver(frame: unknown): void
  /** Whether a turn has work now. Asked after every turn of the actor, whatever lane it was on. */
  isReady(): boolean
  /** One bounded turn (about a batch). A throw fails the actor. */
  turn(): void
}

/**
 * `<system>.<path>`: the system is one thread of one process in one incarnation; the path's tokens are generated ids.
 * On NATS the transport puts `rt.<cluster>.<lane>.` before it, and makes two tokens of a system that has a group.
 */
export type Address = Brand<string, 'Address'>

/** A name to send to: plain data, may stand in messages and cross threads and machines. */
export interface ActorRef<M> {
  /** Where it is; it may have ended, or never have been. */
  readonly address: Address
  /** Only a type: which messages it takes. */
  readonly '~takes'?: (message: M) => void
}

/** Marks a message that is answered with an `R`: `{ type: 'deploy'; … } & Asks<DeployAnswer>`. */
export interface Asks<R> {
  readonly '~answer'?: R
}

/** What a question is answered with. */
export type AnswerOf<Q> = Q extends Asks<infer R> ? R : never

/** Where an answer goes; plain data, kept to answer later than in the turn that was asked. */
export interface ReplyTo<R> {
  /** Whoever asked. */
  readonly address: Address
  /** Which of its asks. */
  readonly correlation: number
  readonly '~answer'?: R
}

/** What became of an ask: its answer, or why there is none. */
export type Answer<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly failure: AskFailure }

/** Why an ask got no answer. `failed`: the actor that was asked said so, or threw while it dealt with it. */
export type AskFailure =
  | { readonly kind: 'timed-out' | 'no-responder' | 'mailbox-full' | 'link-down' }
  | { readonly kind: 'failed'; readonly error: ErrorInfo }

/** How long an ask may take, and whether it is repeated. */
export interface AskOptions {
  /** No ask is without a deadline. */
  readonly timeoutMs: number
  /** Ask again this often until the deadline, for idempotent requests; 'no-responder' and 'link-down' then only delay. */
  readonly repeatMs?: number
}

/** Why an actor ended. */
export type ExitReason =
  | { readonly kind: 'normal' }
  /** Told to stop, by its parent or by the system. */
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'failed'; readonly error: ErrorInfo }
  /** A supervisor whose restart strategy gave up: abnormal, unlike Erlang's. */
  | { readonly kind: 'gave-up'; readonly error: ErrorInfo }
  /** Did not stop in its time, or was fenced. */
  | { readonly kind: 'killed' }
  /** The system it lived in cannot be heard; the actor may still live. */
  | { readonly kind: 'lost' }

/** Whether a parent takes the end for a failure: all but `normal` and `shutdown`. */
export function isAbnormal(reason: ExitReason): boolean {
  return reason.kind !== 'normal' && reason.kind !== 'shutdown'
}

/** What a parent says of a child. */
export interface SpawnOptions<P> {
  /** The parent hears of the child's end by this message. Without it a child's abnormal end fails the parent. */
  readonly onExit?: (reason: ExitReason) => P
  /** How long the child may take to stop before it is killed. Default 5 000. */
  readonly stopMs?: number
  /** How often its supervisor has started it again, for `ActorSystem.tree`. */
  readonly restarts?: number
}

/** What a turn may do. Valid for the actor's whole life; never from another actor's turn. */
export interface ActorContext<M> {
  /** This actor, to give to others. */
  readonly self: ActorRef<M>
  /** Monotonic milliseconds from an arbitrary origin. */
  readonly now: () => number
  /** A child at `<own path>.<name>`; `name` is a token, unique among the living children. */
  spawn<C>(name: string, actor: Actor<C>, options?: SpawnOptions<M>): ActorRef<C>
  /** Tells. Never blocks, never throws: what cannot be delivered is a dead letter. */
  send<T>(to: ActorRef<T>, message: T): void
  /** Puts a frame into the data lane of `to`. See `carriesByReference`. */
  sendFrame(to: Address, frame: unknown): void
  /** Whether a frame to `to` arrives as the same object (same thread); else it must be a Uint8Array, given away. */
  carriesByReference(to: Address): boolean
  /** Asks, and gets the answer (or the failure) as a message to self, exactly once. */
  ask<T, Q extends T & Asks<unknown>>(
    to: ActorRef<T>,
    question: Q,
    options: AskOptions,
    toMessage: (answer: Answer<AnswerOf<Q>>) => M,
  ): void
  /** Where the message of this turn wants its answer, if it was an ask. */
  readonly asker: ReplyTo<unknown> | undefined
  /** Answers the ask of this turn; nothing if it was none. */
  reply<R>(value: R): void
  /** Answers an ask of an earlier turn, with a value or a failure. */
  replyTo<R>(to: ReplyTo<R>, answer: { ok: true; value: R } | { ok: false; error: ErrorInfo }): void
  /** A message to self later; the same key again replaces it. Cancelled when the actor ends. */
  after(key: string, delayMs: number, message: M): void
  /** Takes back the timer of this key, if it has not come yet. */
  cancel(key: string): void
  /** The outcome of async work as a message; has a reserved place, never dropped, gone once the actor has ended. */
  pipeToSelf<T>(work: Promise<T>, toMessage: (outcome: Outcome<T>) => M): void
  /** Exactly one message when `ref` ends, also if it has ended already or its system is lost. */
  watch<T>(ref: ActorRef<T>, toMessage: (reason: ExitReason) => M): void
  /** No message of its end comes any more, even if it is under way. */
  unwatch<T>(ref: ActorRef<T>): void
  /** The data lane has become ready through something other than a message or a frame. */
  wake(): void
  /** Stops a child (its `stop` runs, then `onExit`). */
  stop<T>(child: ActorRef<T>): void
  /** Kills a child: its mailbox is dropped and late results are ignored. */
  kill<T>(child: ActorRef<T>): void
  /** Ends this actor normally after this turn. */
  exit(): void
  /** Fails this actor after this turn, as a throw would. */
  fail(error: unknown): void
}

/** What became of async work. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown }
