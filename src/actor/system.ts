import type { Clock } from '../kit/clock.js'
import { type ErrorInfo, errorOf } from '../kit/errors.js'
import type { SystemId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Logger } from '../kit/logger.js'
import type { Random } from '../kit/random.js'
import {
  type Actor,
  type ActorContext,
  type ActorRef,
  type Address,
  type AnswerOf,
  type AskFailure,
  type AskOptions,
  type Asks,
  type ExitReason,
  isAbnormal,
} from './actor.js'
import type { ActorSnapshot } from './actor-snapshot.js'
import { outsideAddress } from './address.js'
import { Cell } from './cell.js'
import type { CellLimits, CellParts } from './cell-parts.js'
import { type DeadLetter, DeadLetters } from './dead-letters.js'
import { DeathWatch, type WatchLimits } from './death-watch.js'
import { Delivery } from './delivery.js'
import { Dispatcher, type DispatcherLimits, type SlowTurn } from './dispatcher.js'
import { PendingAsks } from './pending-asks.js'
import { Router } from './router.js'
import type { Transport, TransportReceiver } from './transport/transport.js'

/** What surrounds the actors of a thread. Everything that is not the same twice comes in here. */
export interface ActorSystemOptions {
  /** Never used again after this system has ended. */
  readonly id: SystemId
  /** `systemClock`, or a `VirtualClock` in a test. */
  readonly clock: Clock
  /** `systemRandom`, or `seededRandom(1)` in a test. */
  readonly random: Random
  /** Hears of failures that nobody else hears of; `silentLogger` for none. */
  readonly logger: Logger
  /** Asked in this order which one knows a way. None: the system keeps to itself. */
  readonly transports?: readonly Transport[]
  /** `by-transport`: what stays in this system goes through a transport too. Default `by-reference`. */
  readonly local?: 'by-reference' | 'by-transport'
  /** A top-level actor has ended abnormally. Default: an error is logged. */
  readonly onFailure?: (ref: ActorRef<unknown>, reason: ExitReason) => void
  /** Sees each message that found no mailbox. They are counted in any case. */
  readonly onDeadLetter?: (letter: DeadLetter, message: unknown) => void
  /** Hears who held the thread for too long. They are counted, and logged, in any case. */
  readonly onSlowTurn?: (slow: SlowTurn) => void
  /** Bounds other than those of `kit/limits.ts`. */
  readonly limits?: Partial<ActorSystemLimits>
}

/** Bounds of mailboxes, of slices, and of the watch over other systems, each explained in `kit/limits.ts`. */
export type ActorSystemLimits = CellLimits & DispatcherLimits & WatchLimits

/**
 * The actors of one thread: a tree with the top-level actors right below its root. Assembles what the system is made
 * of, and is the way in from outside of all turns.
 *
 * The path of a message: `ctx.send` → `Delivery` → `ControlLane` of the `Cell` → `Dispatcher` → `Cell.run` → `receive`.
 */
export class ActorSystem {
  /** As its options said. */
  readonly id: SystemId
  /** As its options said. */
  readonly clock: Clock
  /** As its options said. */
  readonly random: Random
  /** That of its options, with the system's id in each line. */
  readonly logger: Logger
  /** When every transport is open: peers can then reach this system. */
  readonly ready: Promise<void>
  readonly #transports: readonly Transport[]
  readonly #cells = new Map<Address, Cell>()
  readonly #router: Router
  readonly #dispatcher: Dispatcher
  readonly #asks: PendingAsks
  readonly #deadLetters: DeadLetters
  readonly #deathWatch: DeathWatch
  readonly #delivery: Delivery
  readonly #root: Cell
  readonly #ended: Promise<void>
  #state: 'up' | 'stopping' | 'down' = 'up'
  #slowTurns = 0
  #incarnation = 0

  constructor(options: ActorSystemOptions) {
    const { id, clock, random, logger, transports = [] } = options
    const limits: ActorSystemLimits = { ...LIMITS, ...options.limits }
    this.id = id
    this.clock = clock
    this.random = random
    this.logger = logger.with({ system: id })
    this.#transports = transports
    this.#router = new Router(transports)
    this.#dispatcher = new Dispatcher(clock, (slow) => this.#onSlowTurn(slow, options.onSlowTurn), limits)
    this.#deadLetters = new DeadLetters(this.logger, options.onDeadLetter)
    this.#asks = new PendingAsks(clock, (question, correlation) => this.#delivery.put(question, correlation))
    this.#deathWatch = new DeathWatch(
      id,
      clock,
      {
        signal: (system, signal) => this.#delivery.signal(system, signal),
        incarnationOf: (address) => this.#cells.get(address)?.incarnation,
        isLinkDown: (system) => this.#router.isDown(system),
      },
      limits,
    )
    this.#delivery = new Delivery({
      own: id,
      local: options.local ?? 'by-reference',
      cells: this.#cells,
      router: this.#router,
      deadLetters: this.#deadLetters,
      logger: this.logger,
      asks: this.#asks,
      deathWatch: this.#deathWatch,
    })
    const root = new Root(options.onFailure ?? ((ref, reason) => this.#logFailure(ref, reason)))
    this.#root = new Cell(this.#parts(limits), undefined, id as string as Address, id, root, {
      stopMs: Infinity,
    })
    this.#ended = root.ended
    this.ready = Promise.all(
      transports.map((transport) => transport.open(id, this.#receiver(transport))),
    ).then(() => {})
    this.ready.catch(() => {}) // heard by whoever awaits it
  }

  /** Starts an actor at `<system>.<name>`. `onExit` is called after its end; it runs in a turn of the system's root. */
  spawn<M>(name: string, actor: Actor<M>, options: SystemSpawnOptions = {}): ActorRef<M> {
    const { onExit, stopMs } = options
    const cell: Cell = this.#root.spawn(name, actor as Actor<unknown>, {
      stopMs,
      onExit: (reason): RootMessage => ({ ref: cell.ref, reason, onExit }),
    })
    return cell.ref as ActorRef<M>
  }

  /**
   * Takes what others send to `name.…` as sent to this system: so it can be found by those who do not know its id. A
   * name is for asking and telling; what is watched is watched by its system's id. Resolves when peers can reach it; when it
   * rejects, the name is not taken.
   */
  async takeName(name: SystemId): Promise<void> {
    await this.ready
    this.#delivery.takeName(name)
    try {
      await Promise.all(this.#transports.map((transport) => transport.takeName?.(name)))
    } catch (error) {
      this.dropName(name)
      throw error
    }
  }

  /** Gives up a name that it has taken: what is sent to it from now on is not for this system. */
  dropName(name: SystemId): void {
    for (const transport of this.#transports) transport.dropName?.(name)
    this.#delivery.dropName(name)
  }

  /**
   * Tells, from outside of all turns. Never blocks, never throws: what cannot be delivered is a dead letter.
   */
  send<T>(to: ActorRef<T>, message: T): void {
    this.#delivery.tell(to, message)
  }

  /** Asks from outside of all turns. Rejects with an `AskError`. */
  ask<T, Q extends T & Asks<unknown>>(
    to: ActorRef<T>,
    question: Q,
    options: AskOptions,
  ): Promise<AnswerOf<Q>> {
    return new Promise((resolve, reject) => {
      this.#asks.ask({
        to: to.address,
        from: outsideAddress(this.id),
        body: question,
        options,
        settle: (answer) => {
          if (answer.ok) resolve(answer.value as AnswerOf<Q>)
          else reject(new AskError(to.address, answer.failure))
        },
      })
    })
  }

  /** Whether a frame to `to` arrives as the same object (same thread). */
  carriesByReference(to: Address): boolean {
    return this.#delivery.carriesByReference(to)
  }

  /** Stops a top-level actor. */
  stopActor<T>(ref: ActorRef<T>): void {
    this.#root.stopChild(ref.address)
  }

  /** Kills a top-level actor. */
  killActor<T>(ref: ActorRef<T>): void {
    this.#root.killChild(ref.address)
  }

  /** Stops all actors, the last one first, then closes the transports. */
  async stop(): Promise<void> {
    if (this.#state === 'down') return
    if (this.#state === 'up') {
      this.#state = 'stopping'
      this.#root.stop()
    }
    await this.#ended
    await this.#shut()
  }

  /** Ends everything at once, as if the process had been killed: no actor's `stop` runs, nobody is told. */
  async kill(): Promise<void> {
    this.#dispatcher.halt()
    this.#root.vanish()
    this.#cells.clear()
    await this.#shut()
  }

  /** All actors, as they are now. */
  tree(): ActorSnapshot {
    return this.#root.snapshot()
  }

  /** What it has counted since it began. */
  counters(): ActorSystemCounters {
    return {
      actors: this.#cells.size - 1,
      pendingAsks: this.#asks.size,
      lateAnswers: this.#asks.late,
      slowTurns: this.#slowTurns,
      ...this.#deathWatch.counters(),
      deadLetters: this.#deadLetters.snapshot(),
    }
  }

  #parts(limits: ActorSystemLimits): CellParts {
    return {
      clock: this.clock,
      logger: this.logger,
      dispatcher: this.#dispatcher,
      delivery: this.#delivery,
      asks: this.#asks,
      deadLetters: this.#deadLetters,
      deathWatch: this.#deathWatch,
      limits,
      nextIncarnation: () => ++this.#incarnation,
      onSpawned: (cell) => this.#cells.set(cell.address, cell),
      onUnreachable: (cell) => {
        if (this.#cells.get(cell.address) === cell) this.#cells.delete(cell.address)
      },
    }
  }

  #receiver(transport: Transport): TransportReceiver {
    return {
      onParcel: (parcel) => {
        if (this.#state !== 'down') this.#delivery.onParcel(parcel)
      },
      onUndeliverable: (parcel, why) => {
        if (this.#state !== 'down') this.#delivery.onUndeliverable(parcel, why)
      },
      onLink: (state) => {
        if (this.#state === 'down') return
        const behind = [...this.#deathWatch.peers()].filter(
          (peer) => this.#router.transportTo(peer) === transport,
        )
        this.#router.onLink(transport, state)
        for (const peer of behind) this.#deathWatch.onLink(peer, state)
      },
      onPeerGone: (system) => {
        if (this.#state === 'down') return
        this.#asks.onSystemGone(system)
        this.#deathWatch.onLost(system)
      },
    }
  }

  async #shut(): Promise<void> {
    if (this.#state === 'down') return
    this.#state = 'down'
    this.#asks.failAll()
    this.#deathWatch.close()
    await Promise.all(this.#transports.map((transport) => transport.close()))
  }

  #onSlowTurn(slow: SlowTurn, observe: ((slow: SlowTurn) => void) | undefined): void {
    this.#slowTurns++
    this.logger.warn(
      { actor: slow.address, tookMs: slow.tookMs, messages: slow.types },
      'an actor held the thread',
    )
    observe?.(slow)
  }

  #logFailure(ref: ActorRef<unknown>, reason: ExitReason): void {
    this.logger.error({ actor: ref.address, reason }, 'a top-level actor has ended')
  }
}

/** What is said of a top-level actor. */
export interface SystemSpawnOptions {
  /** Called once after its end. Without it an abnormal end goes to `onFailure`. */
  readonly onExit?: (reason: ExitReason) => void
  /** How long it may take to stop before it is killed; 5 000 unless said. */
  readonly stopMs?: number
}

/** What an actor system has counted. */
export interface ActorSystemCounters {
  /** That live now. */
  readonly actors: number
  /** Asks of this system that wait for an answer now. */
  readonly pendingAsks: number
  /** Answers that came after their ask had ended. */
  readonly lateAnswers: number
  /** Turns that held the thread for too long. */
  readonly slowTurns: number
  /** Systems in which an actor of this one is watched, and systems that watch one of this. */
  readonly watchedSystems: number
  /** As `watchedSystems` says. */
  readonly watchingSystems: number
  /** How many, by reason, and the latest of them. */
  readonly deadLetters: ReturnType<DeadLetters['snapshot']>
}

/** An ask from outside got no answer. */
export class AskError extends Error {
  /** 'AskError'. */
  override readonly name = 'AskError'
  /** Why. */
  readonly failure: AskFailure

  constructor(to: Address, failure: AskFailure) {
    super(`${to} did not answer: ${failure.kind}`, causeOf(failure))
    this.failure = failure
  }
}

function causeOf(failure: AskFailure): { cause: Error } | undefined {
  return failure.kind === 'failed' ? { cause: errorOf(failure.error as ErrorInfo) } : undefined
}

interface RootMessage {
  readonly ref: ActorRef<unknown>
  readonly reason: ExitReason
  readonly onExit: ((reason: ExitReason) => void) | undefined
}

/** The parent of all top-level actors. Their failure does not fail it. */
class Root implements Actor<RootMessage> {
  readonly ended: Promise<void>
  readonly #onFailure: (ref: ActorRef<unknown>, reason: ExitReason) => void
  #onEnded: () => void = () => {}

  constructor(onFailure: (ref: ActorRef<unknown>, reason: ExitReason) => void) {
    this.#onFailure = onFailure
    this.ended = new Promise((resolve) => {
      this.#onEnded = resolve
    })
  }

  receive({ ref, reason, onExit }: RootMessage, _ctx: ActorContext<RootMessage>): void {
    onExit?.(reason)
    if (isAbnormal(reason)) this.#onFailure(ref, reason)
  }

  stop(): void {
    this.#onEnded()
  }
}
