import { assertNever } from '../kit/assert.js'
import { errorOf } from '../kit/errors.js'
import {
  type Actor,
  type ActorContext,
  type ActorRef,
  type DataLane,
  type ExitReason,
  isAbnormal,
} from './actor.js'
import { addressBelow } from './address.js'
import { GaveUp } from './gave-up.js'
import type { RestartStrategy } from './restart-strategy.js'
import {
  type AutoShutdown,
  type Restart,
  type Step,
  Supervision,
  type SupervisionEnd,
  type SupervisionStrategy,
} from './supervision.js'

/** A child, and how to start it again. */
export interface ChildSpec<M = never> {
  /** A token, unique among the children; the child's address is `<supervisor>.<id>`, over all its restarts. */
  readonly id: string
  /** A fresh actor for each start. */
  readonly start: () => Actor<M>
  /** Default permanent. */
  readonly restart?: Restart
  /** How long it may take to stop before it is killed. Default 5 000; give Infinity to a supervisor. */
  readonly shutdownMs?: number
  /** Whether its end, by itself, may end the supervisor (`autoShutdown`); false unless said. */
  readonly significant?: boolean
}

/** The rules of a supervisor. */
export interface SupervisorOptions {
  /** Default one-for-one. */
  readonly strategy?: SupervisionStrategy
  /** Fresh: it remembers failures. */
  readonly restarts: RestartStrategy
  /** 'never' unless said. */
  readonly autoShutdown?: AutoShutdown
  /** In start order. */
  readonly children: readonly ChildSpec[]
}

/** What a supervisor hears. */
export type SupervisorMessage =
  // whoever manages it
  | { readonly type: 'add-child'; readonly spec: ChildSpec }
  | { readonly type: 'stop-child'; readonly id: string }
  | { readonly type: 'start-child'; readonly id: string }
  | { readonly type: 'remove-child'; readonly id: string }
  // its children, by way of the library
  | { readonly type: 'child-started'; readonly id: string; readonly child: SupervisedActor }
  | {
      readonly type: 'child-ended'
      readonly id: string
      readonly child: SupervisedActor
      readonly reason: ExitReason
    }
  // its timer
  | { readonly type: 'tick' }

/**
 * Keeps its children running by the rules of `Supervision`. Ends with `gave-up` when its restart strategy does, with
 * `failed` when a child does not start at start-up, normally when a significant child asks for it.
 */
export class Supervisor implements Actor<SupervisorMessage> {
  readonly #specs = new Map<string, ChildSpec>()
  readonly #current = new Map<string, SupervisedActor>()
  readonly #starts = new Map<string, number>()
  readonly #supervision: Supervision<string, ExitReason>
  #onUp: (() => void) | undefined

  constructor(options: SupervisorOptions) {
    for (const spec of options.children) this.#specs.set(spec.id, spec)
    this.#supervision = new Supervision({
      strategy: options.strategy ?? 'one-for-one',
      restarts: options.restarts,
      autoShutdown: options.autoShutdown ?? 'never',
      children: options.children.map(rulesOf),
    })
  }

  start(ctx: ActorContext<SupervisorMessage>): void {
    this.#take(this.#supervision.begin(ctx.now()), ctx)
  }

  receive(message: SupervisorMessage, ctx: ActorContext<SupervisorMessage>): void {
    this.#take(this.#stepsAfter(message, ctx), ctx)
    if (this.#supervision.phase !== 'running') return
    this.#onUp?.()
    this.#onUp = undefined
  }

  describe(): unknown {
    return { phase: this.#supervision.phase, children: this.#supervision.children() }
  }

  /** Calls `onUp` when all children have started for the first time: only then has this supervisor started. */
  whenUp(onUp: () => void): void {
    if (this.#supervision.phase === 'running') onUp()
    else this.#onUp = onUp
  }

  #stepsAfter(message: SupervisorMessage, ctx: ActorContext<SupervisorMessage>): Step<string, ExitReason>[] {
    const now = ctx.now()
    switch (message.type) {
      case 'add-child':
        this.#specs.set(message.spec.id, message.spec)
        return this.#supervision.addChild(rulesOf(message.spec), now)
      case 'stop-child':
        return this.#supervision.stopChild(message.id, now)
      case 'start-child':
        return this.#supervision.startChild(message.id, now)
      case 'remove-child':
        if (this.#supervision.removeChild(message.id)) this.#specs.delete(message.id)
        return []
      case 'child-started':
        return this.#current.get(message.id) === message.child
          ? this.#supervision.onStarted(message.id, now)
          : []
      case 'child-ended':
        return this.#onChildEnded(message.id, message.child, message.reason, now)
      case 'tick':
        return this.#supervision.onTick(now)
      default:
        return assertNever(message)
    }
  }

  #onChildEnded(
    id: string,
    child: SupervisedActor,
    reason: ExitReason,
    now: number,
  ): Step<string, ExitReason>[] {
    if (this.#current.get(id) !== child) return []
    this.#current.delete(id)
    if (!child.hasStarted) return this.#supervision.onStartFailed(id, reason, now)
    // The news of its end may overtake the news of its start.
    const steps = this.#supervision.onStarted(id, now)
    return [
      ...steps,
      ...this.#supervision.onEnded(id, isAbnormal(reason) ? 'abnormal' : 'normal', reason, now),
    ]
  }

  #take(steps: readonly Step<string, ExitReason>[], ctx: ActorContext<SupervisorMessage>): void {
    for (const step of steps) {
      switch (step.do) {
        case 'start':
          this.#startChild(step.id, ctx)
          break
        case 'stop':
          ctx.stop({ address: addressBelow(ctx.self.address, step.id) })
          break
        case 'wake':
          ctx.after('tick', Math.max(0, step.atMs - ctx.now()), { type: 'tick' })
          break
        case 'end':
          this.#end(step.why, ctx)
          break
        default:
          assertNever(step)
      }
    }
  }

  #startChild(id: string, ctx: ActorContext<SupervisorMessage>): void {
    const spec = this.#specs.get(id)
    if (spec === undefined) return
    let onStarted = () => {}
    const started = new Promise<void>((resolve) => {
      onStarted = resolve
    })
    const child = new SupervisedActor(spec.start, onStarted)
    const starts = (this.#starts.get(id) ?? 0) + 1
    this.#starts.set(id, starts)
    this.#current.set(id, child)
    ctx.pipeToSelf(started, () => ({ type: 'child-started', id, child }))
    ctx.spawn(id, child, {
      onExit: (reason) => ({ type: 'child-ended', id, child, reason }),
      restarts: starts - 1,
      ...(spec.shutdownMs === undefined ? {} : { stopMs: spec.shutdownMs }),
    })
  }

  #end(why: SupervisionEnd<string, ExitReason>, ctx: ActorContext<SupervisorMessage>): void {
    switch (why.kind) {
      case 'stopped':
      case 'auto-shutdown':
        ctx.exit()
        return
      case 'start-failed':
        throw new Error(`child ${why.id} did not start`, causeOf(why.cause))
      case 'gave-up':
        throw new GaveUp(`gave up restarting child ${why.id}`, causeOf(why.cause))
    }
  }
}

/** The address of a supervised child, the same over all its restarts. */
export function supervisedRef<M>(supervisor: ActorRef<SupervisorMessage>, id: string): ActorRef<M> {
  return { address: addressBelow(supervisor.address, id) }
}

/** One run of a child: the user's actor, made when it starts, so that what its making throws is a failed start too. */
class SupervisedActor implements Actor<unknown> {
  readonly #make: () => Actor<never>
  readonly #onStarted: () => void
  #actor: Actor<unknown> | undefined
  #hasStarted = false

  constructor(make: () => Actor<never>, onStarted: () => void) {
    this.#make = make
    this.#onStarted = onStarted
  }

  get hasStarted(): boolean {
    return this.#hasStarted
  }

  get data(): DataLane | undefined {
    return this.#actor?.data
  }

  start(ctx: ActorContext<unknown>): void {
    const actor = this.#make() as Actor<unknown>
    this.#actor = actor
    actor.start?.(ctx)
    if (actor instanceof Supervisor) actor.whenUp(() => this.#report())
    else this.#report()
  }

  receive(message: unknown, ctx: ActorContext<unknown>): void {
    this.#actor?.receive(message, ctx)
  }

  stop(reason: ExitReason, ctx: ActorContext<unknown>): void {
    this.#actor?.stop?.(reason, ctx)
  }

  describe(): unknown {
    return this.#actor?.describe?.()
  }

  #report(): void {
    this.#hasStarted = true
    this.#onStarted()
  }
}

function rulesOf(spec: ChildSpec): { id: string; restart: Restart; significant: boolean } {
  return { id: spec.id, restart: spec.restart ?? 'permanent', significant: spec.significant ?? false }
}

function causeOf(reason: ExitReason): { cause: Error } {
  return { cause: 'error' in reason ? errorOf(reason.error) : new Error(`it ended: ${reason.kind}`) }
}
