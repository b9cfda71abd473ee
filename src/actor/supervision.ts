import { assert } from '../kit/assert.js'
import type { RestartStrategy } from './restart-strategy.js'

/**
 * The rules of Erlang/OTP's supervisor, as a pure machine: it hears what happened to children and when, and answers
 * with steps to take. It knows nothing of what a child is: a local supervisor drives it for actors, a job master for
 * subtasks that live on other machines.
 *
 * - Children start left to right, each when the one before has started, and stop right to left, each when the one after
 *   has ended. A start that fails at start-up stops what has started, and ends the supervision.
 * - Which children a failure takes along: itself (`one-for-one`), all (`one-for-all`), itself and those to its right
 *   (`rest-for-one`). Temporary ones that are taken along do not come back.
 * - Which end is a failure: any (`permanent`), an abnormal one (`transient`), none (`temporary`).
 *
 * Unlike OTP, limit and delay come from a `RestartStrategy`; a restart that fails counts and waits like any failure;
 * giving up is told apart from being stopped.
 */
export class Supervision<Id, Cause> {
  readonly #strategy: SupervisionStrategy
  readonly #autoShutdown: AutoShutdown
  readonly #restarts: RestartStrategy
  /** In start order. */
  #children: Child<Id>[] = []
  #phase: 'idle' | 'starting-up' | 'running' | 'ending' | 'ended' = 'idle'
  #why: SupervisionEnd<Id, Cause> = { kind: 'stopped' }

  constructor(options: SupervisionOptions<Id>) {
    this.#strategy = options.strategy
    this.#autoShutdown = options.autoShutdown ?? 'never'
    this.#restarts = options.restarts
    for (const rules of options.children) this.#add(rules)
  }

  /** How far it has come: from `idle`, before `begin`, to `ended`, after all children have. */
  get phase(): 'idle' | 'starting-up' | 'running' | 'ending' | 'ended' {
    return this.#phase
  }

  /** The children and what is known of each, in start order. */
  children(): { readonly id: Id; readonly state: ChildState }[] {
    return this.#children.map(({ rules, state }) => ({ id: rules.id, state }))
  }

  /** Starts all. */
  begin(nowMs: number): Step<Id, Cause>[] {
    assert(this.#phase === 'idle', 'a supervision begins once', { phase: this.#phase })
    this.#phase = 'starting-up'
    for (const child of this.#children) becomePending(child, nowMs)
    return this.#advance(nowMs)
  }

  /** A child is up; the next one may start. */
  onStarted(id: Id, nowMs: number): Step<Id, Cause>[] {
    const child = this.#find(id)
    if (child?.state === 'starting') child.state = 'up'
    return this.#advance(nowMs)
  }

  /** It ended before it had started. */
  onStartFailed(id: Id, cause: Cause, nowMs: number): Step<Id, Cause>[] {
    return this.onEnded(id, 'abnormal', cause, nowMs)
  }

  /** A child has ended, for whatever reason. */
  onEnded(id: Id, how: 'normal' | 'abnormal', cause: Cause, nowMs: number): Step<Id, Cause>[] {
    const child = this.#find(id)
    if (child === undefined) return this.#advance(nowMs)
    switch (child.state) {
      case 'leaving':
      case 'stopping':
        this.#settle(child)
        break
      case 'starting':
        if (this.#phase === 'starting-up') this.#endBecauseOf(child, { kind: 'start-failed', id, cause })
        else this.#fail(child, cause, nowMs)
        break
      case 'up':
        if (isFailure(child.rules.restart, how)) this.#fail(child, cause, nowMs)
        else this.#retire(child)
        break
      case 'down':
      case 'pending':
        break // news of a run that is over
    }
    return this.#advance(nowMs)
  }

  /** The time of a `wake` has come. */
  onTick(nowMs: number): Step<Id, Cause>[] {
    return this.#advance(nowMs)
  }

  /** Stops all and ends. */
  stop(nowMs: number): Step<Id, Cause>[] {
    this.#endWith({ kind: 'stopped' })
    return this.#advance(nowMs)
  }

  /** Adds a child behind all others and starts it. */
  addChild(rules: ChildRules<Id>, nowMs: number): Step<Id, Cause>[] {
    becomePending(this.#add(rules), nowMs)
    return this.#advance(nowMs)
  }

  /** Stops one child; it stays known, but for a temporary one. */
  stopChild(id: Id, nowMs: number): Step<Id, Cause>[] {
    const child = this.#find(id)
    if (child !== undefined) this.#leave(child, 'down')
    return this.#advance(nowMs)
  }

  /** Starts a child that is down. */
  startChild(id: Id, nowMs: number): Step<Id, Cause>[] {
    const child = this.#find(id)
    if (child?.state === 'down') becomePending(child, nowMs)
    return this.#advance(nowMs)
  }

  /** Forgets a child that is down. False: it is not. */
  removeChild(id: Id): boolean {
    if (this.#find(id)?.state !== 'down') return false
    this.#children = this.#children.filter(({ rules }) => rules.id !== id)
    return true
  }

  // — what a child's end means —

  #fail(failed: Child<Id>, cause: Cause, nowMs: number): void {
    const decision = this.#restarts.onFailure(nowMs)
    if (!decision.restart) {
      this.#endBecauseOf(failed, { kind: 'gave-up', id: failed.rules.id, cause })
      return
    }
    const at = nowMs + decision.delayMs
    failed.state = 'down'
    for (const child of this.#takenAlong(failed)) {
      child.startAt = Math.max(child.startAt, at)
      if (child === failed) becomePending(child, at)
      else this.#leave(child, 'pending')
    }
  }

  /** In start order, the failed one included. */
  #takenAlong(failed: Child<Id>): Child<Id>[] {
    switch (this.#strategy) {
      case 'one-for-one':
        return [failed]
      case 'one-for-all':
        return [...this.#children]
      case 'rest-for-one':
        return this.#children.slice(this.#children.indexOf(failed))
    }
  }

  /** It ended by itself, and for good. */
  #retire(child: Child<Id>): void {
    child.state = 'down'
    if (child.rules.restart === 'temporary') this.#forget(child)
    if (child.rules.significant !== true) return
    const others = this.#children.some(({ rules, state }) => rules.significant === true && state !== 'down')
    if (this.#autoShutdown === 'any-significant' || !others) {
      this.#endWith({ kind: 'auto-shutdown', id: child.rules.id })
    }
  }

  /** It is to end, and then to be `next`. */
  #leave(child: Child<Id>, next: 'down' | 'pending'): void {
    if (child.state === 'pending' && next === 'pending') return
    child.next = child.rules.restart === 'temporary' ? 'down' : next
    if (child.state === 'up' || child.state === 'starting') child.state = 'leaving'
    else if (child.state === 'down' || child.state === 'pending') this.#settle(child)
  }

  /** What was to leave has ended. */
  #settle(child: Child<Id>): void {
    child.state = child.next
    if (child.next === 'down' && child.rules.restart === 'temporary') this.#forget(child)
  }

  #endBecauseOf(child: Child<Id>, why: SupervisionEnd<Id, Cause>): void {
    child.state = 'down'
    this.#endWith(why)
  }

  #endWith(why: SupervisionEnd<Id, Cause>): void {
    if (this.#phase === 'ending' || this.#phase === 'ended') return
    this.#phase = 'ending'
    this.#why = why
    for (const child of [...this.#children]) this.#leave(child, 'down')
  }

  // — what to do next —

  #advance(nowMs: number): Step<Id, Cause>[] {
    if (this.#phase === 'idle' || this.#phase === 'ended') return []
    const steps: Step<Id, Cause>[] = []
    this.#stopLast(steps)
    if (this.#phase === 'ending') {
      if (this.#children.every(({ state }) => state === 'down')) {
        this.#phase = 'ended'
        steps.push({ do: 'end', why: this.#why })
      }
      return steps
    }
    this.#startDue(steps, nowMs)
    if (this.#phase === 'starting-up' && !this.#some('pending') && !this.#some('starting'))
      this.#phase = 'running'
    const next = Math.min(
      ...this.#children.map(({ state, startAt }) => (state === 'pending' ? startAt : Infinity)),
    )
    if (next > nowMs && next < Infinity) steps.push({ do: 'wake', atMs: next })
    return steps
  }

  #stopLast(steps: Step<Id, Cause>[]): void {
    if (this.#some('stopping')) return
    const last = this.#children.findLast(({ state }) => state === 'leaving')
    if (last === undefined) return
    last.state = 'stopping'
    steps.push({ do: 'stop', id: last.rules.id })
  }

  #startDue(steps: Step<Id, Cause>[], nowMs: number): void {
    // Only one-for-one restarts have nothing to do with each other.
    const inOrder = this.#strategy !== 'one-for-one' || this.#phase === 'starting-up'
    if (inOrder && (this.#some('leaving') || this.#some('stopping') || this.#some('starting'))) return
    for (const child of this.#children) {
      if (child.state !== 'pending') continue
      if (child.startAt <= nowMs) {
        child.state = 'starting'
        steps.push({ do: 'start', id: child.rules.id })
      }
      if (inOrder) return
    }
  }

  // — small things —

  #add(rules: ChildRules<Id>): Child<Id> {
    const { id, restart, significant } = rules
    assert(this.#find(id) === undefined, 'the id of a child is unique', { id })
    if (significant === true) {
      assert(restart !== 'permanent', 'a permanent child is not significant', { id })
      assert(this.#autoShutdown !== 'never', 'a significant child needs auto-shutdown', { id })
    }
    const child: Child<Id> = { rules, state: 'down', startAt: -Infinity, next: 'down' }
    this.#children.push(child)
    return child
  }

  #find(id: Id): Child<Id> | undefined {
    return this.#children.find(({ rules }) => rules.id === id)
  }

  #some(wanted: ChildState): boolean {
    return this.#children.some(({ state }) => state === wanted)
  }

  #forget(child: Child<Id>): void {
    this.#children = this.#children.filter((other) => other !== child)
  }
}

/** Which children a failure takes along: itself, all, or itself and those to its right. */
export type SupervisionStrategy = 'one-for-one' | 'one-for-all' | 'rest-for-one'
/** Which end of a child is a failure: any, an abnormal one, or none. */
export type Restart = 'permanent' | 'transient' | 'temporary'
/** When the end of significant children, by themselves, ends the supervision: never, with the first, with the last. */
export type AutoShutdown = 'never' | 'any-significant' | 'all-significant'

/** What a supervision knows of a child. */
export interface ChildRules<Id> {
  /** Unique among the children. */
  readonly id: Id
  /** Which end of it is a failure. */
  readonly restart: Restart
  /** Whether its end, by itself, may end the supervision (`autoShutdown`); false unless said. */
  readonly significant?: boolean
}

/** The rules of a supervision. */
export interface SupervisionOptions<Id> {
  /** Which children a failure takes along. */
  readonly strategy: SupervisionStrategy
  /**
   * Whether, and after which delay, what failed is started again. It remembers failures: one for each supervision.
   */
  readonly restarts: RestartStrategy
  /** 'never' unless said. */
  readonly autoShutdown?: AutoShutdown
  /** In start order. */
  readonly children: readonly ChildRules<Id>[]
}

/** What is to be done, in this order. */
export type Step<Id, Cause> =
  | { readonly do: 'start'; readonly id: Id }
  | { readonly do: 'stop'; readonly id: Id }
  /** Call `onTick` at that time. Replaces an earlier wake. */
  | { readonly do: 'wake'; readonly atMs: number }
  /** All children have ended, and so has the supervision. */
  | { readonly do: 'end'; readonly why: SupervisionEnd<Id, Cause> }

/** Why a supervision is over. */
export type SupervisionEnd<Id, Cause> =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'auto-shutdown'; readonly id: Id }
  | { readonly kind: 'start-failed'; readonly id: Id; readonly cause: Cause }
  | { readonly kind: 'gave-up'; readonly id: Id; readonly cause: Cause }

/** `pending`: to be started when its time and turn come. `leaving`: to be stopped when its turn comes. */
export type ChildState = 'down' | 'pending' | 'starting' | 'up' | 'leaving' | 'stopping'

interface Child<Id> {
  readonly rules: ChildRules<Id>
  state: ChildState
  startAt: number
  /** What it becomes when it has ended, while it is leaving or stopping. */
  next: 'down' | 'pending'
}

function becomePending(child: { state: ChildState; startAt: number }, at: number): void {
  child.state = 'pending'
  child.startAt = at
}

function isFailure(restart: Restart, how: 'normal' | 'abnormal'): boolean {
  switch (restart) {
    case 'permanent':
      return true
    case 'transient':
      return how === 'abnormal'
    case 'temporary':
      return false
  }
}
