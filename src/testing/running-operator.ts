import { frozen } from '../channel/frozen.js'
import { assert } from '../kit/assert.js'
import { type Duration, durationMs } from '../kit/duration.js'
import { RetakeError } from '../kit/errors.js'
import type { CheckpointId } from '../kit/ids.js'
import type { Key } from '../kit/key.js'
import { groupRangeOf, keyGroupOf, subtaskOfGroup } from '../kit/key-group.js'
import { silentLogger } from '../kit/logger.js'
import { Chain } from '../operator/chain.js'
import type { Operator, OperatorContext } from '../operator/operator.js'
import { ProcessOperator } from '../operator/process.js'
import { ownedCopy } from '../record/owned-copy.js'
import { HeapKeyedState } from '../state/heap-keyed-state.js'
import { freezingProcess } from './freezing.js'
import {
  type HarnessSnapshot,
  KeptParts,
  RUN,
  restorationOf,
  type SubtaskPlace,
  VERTEX,
} from './harness-snapshot.js'
import type { HarnessedOperator } from './harnessed-operator.js'
import { HeldClock } from './held-clock.js'

/** Calls that may fire timers at one time, 1024 each: if there are more, somebody sets them again for ever. */
const CALLS_AT_ONE_TIME = 250

export interface RunningOperatorOptions extends HarnessedOperator, SubtaskPlace {
  /** Milliseconds since 1970. */
  readonly startsAt: number
  readonly restoreFrom: readonly HarnessSnapshot[]
}

/**
 * One subtask of a process operator, in a chain of its own, as a slot runs it: its keyed state, its timers, its
 * snapshots. A test stands in for all around it: the channel that brings records, the clock, the store.
 */
export class RunningOperator {
  readonly #options: RunningOperatorOptions
  readonly #clock: HeldClock
  readonly #chain: Chain
  readonly #emitted: unknown[] = []
  #keyed: HeapKeyedState | undefined
  #checkpoint = 0
  /** What it threw: it has failed then, as its job would have. */
  #failure: { readonly cause: unknown } | undefined

  private constructor(options: RunningOperatorOptions) {
    const { id, where, keyOf, process, startsAt, restoreFrom } = options
    this.#options = options
    this.#clock = new HeldClock(startsAt)
    const operator = this.#lookedAt(new ProcessOperator(keyOf, freezingProcess(process)))
    const output = (records: readonly unknown[]) => {
      this.#emitted.push(...records)
    }
    this.#chain = new Chain([{ id, where, operator, isKeyed: true, fedBy: undefined, outputs: [output] }], {
      ...options,
      run: RUN,
      vertex: VERTEX,
      clock: this.#clock,
      logger: silentLogger,
      ...restorationOf(restoreFrom, options),
    })
  }

  static async opened(options: RunningOperatorOptions): Promise<RunningOperator> {
    const running = new RunningOperator(options)
    await running.#chain.open()
    return running
  }

  /** The sender's half first: it asks for the key, and finds out which subtask has it. */
  receive(...given: readonly unknown[]): void {
    const input = frozen(this.#options.inputOf(given))
    const key = this.#turn(() => this.#options.keyOf(input))
    this.#checkOwned(key)
    this.#turn(() => this.#chain.process([input]))
  }

  takeEmitted(): unknown[] {
    return this.#emitted.splice(0).map((record) => this.#options.outputOf(record))
  }

  now(): number {
    return this.#clock.wallTime()
  }

  advance(by: Duration): void {
    this.advanceTo(this.now() + durationMs(by))
  }

  /** Timers fire on the way, each at its time, those that are set meanwhile too. */
  advanceTo(at: number): void {
    const now = this.now()
    if (!Number.isFinite(at) || at < now) {
      throw this.#misused({
        what: `time was to go from ${now} to ${at}`,
        why: 'it goes forward only, in milliseconds since 1970',
        fix: 'advance to a later time',
      })
    }
    this.#turn(() => {
      for (let next = this.#nextTimerUntil(at); next !== undefined; next = this.#nextTimerUntil(at)) {
        this.#clock.moveTo(Math.max(next, this.now()))
        this.#fireDue()
      }
      this.#clock.moveTo(at)
    })
  }

  owns(key: Key): boolean {
    const { subtask, parallelism, maxParallelism } = this.#options
    return subtaskOfGroup(keyGroupOf(key, maxParallelism), parallelism, maxParallelism) === subtask
  }

  /** A copy: what a test does with it, the operator does not notice. */
  state(key: Key, name: string): unknown {
    const { state } = this.#options.process
    const described = Object.hasOwn(state, name) ? state[name] : undefined
    if (described === undefined) {
      throw this.#misused({
        what: `the state ${JSON.stringify(name)} was looked at`,
        why: `the operator describes ${Object.keys(state).join(', ') || 'none'}`,
        fix: 'look at a state that it describes',
      })
    }
    this.#checkOwned(key)
    this.#held.setCurrentKey(key)
    const value = this.#held.value(name).get()
    return ownedCopy(value === undefined ? described.initial : value)
  }

  timers(key: Key): { readonly at: number; readonly tag: string | undefined }[] {
    this.#checkOwned(key)
    return this.#held.timersOf(key)
  }

  /** Holds what is there when it is called, whatever comes before it resolves. */
  async snapshot(): Promise<HarnessSnapshot> {
    this.#checkAlive()
    const { id, subtask, parallelism, maxParallelism } = this.#options
    const takenAt = this.now()
    this.#checkpoint += 1
    const kept = new KeptParts()
    const capture = this.#chain.capture(this.#checkpoint as CheckpointId, kept)
    while (!capture.slice());
    await capture.upload()
    const { first: firstGroup, last: lastGroup } = groupRangeOf(subtask, parallelism, maxParallelism)
    const { parts } = kept
    return { operator: id, subtask, parallelism, maxParallelism, firstGroup, lastGroup, parts, takenAt }
  }

  /** The operator itself; its keyed state is noted as it is opened. */
  #lookedAt(operator: ProcessOperator): Operator {
    return {
      open: (ctx: OperatorContext) => {
        const { keyed } = ctx
        assert(keyed instanceof HeapKeyedState, 'keyed state is on the heap')
        this.#keyed = keyed
        operator.open(ctx)
      },
      process: (records) => operator.process(records),
      onTimer: (key, at, tag) => operator.onTimer(key, at, tag),
    }
  }

  get #held(): HeapKeyedState {
    assert(this.#keyed !== undefined, 'an operator is opened before it is looked at')
    return this.#keyed
  }

  #nextTimerUntil(at: number): number | undefined {
    const next = this.#chain.nextTimerAt()
    return next !== undefined && next <= at ? next : undefined
  }

  #fireDue(): void {
    const now = this.now()
    for (let calls = 1; this.#chain.fireTimers(now); calls++) {
      if (calls < CALLS_AT_ONE_TIME) continue
      throw this.#misused({
        what: `a quarter of a million timers have fired at ${now}, and more are due`,
        why: 'a timer that is set again for a time that has come is due again at once',
        fix: 'let onTimer set timers for a later time',
      })
    }
  }

  #turn<R>(run: () => R): R {
    this.#checkAlive()
    try {
      return run()
    } catch (cause) {
      this.#failure = { cause }
      throw cause
    }
  }

  #checkAlive(): void {
    if (this.#failure === undefined) return
    const { cause } = this.#failure
    throw this.#misused({
      what: `${JSON.stringify(this.#options.id)} has failed and was to go on`,
      why: `it threw ${cause instanceof Error ? cause.message : String(cause)}; its job goes back to a checkpoint then`,
      fix: 'take a snapshot before, and restore it in another harness',
      cause,
    })
  }

  #checkOwned(key: Key): void {
    if (this.owns(key)) return
    const { subtask, parallelism, maxParallelism } = this.#options
    const owner = subtaskOfGroup(keyGroupOf(key, maxParallelism), parallelism, maxParallelism)
    throw this.#misused({
      what: `the key ${JSON.stringify(String(key))} was given to subtask ${subtask} of ${parallelism}`,
      why: `it belongs to subtask ${owner}`,
      fix: 'ask each harness whether it owns(key)',
    })
  }

  #misused(text: Misuse): RetakeError {
    return new RetakeError('RT1801', { ...text, where: this.#options.where })
  }
}

interface Misuse {
  readonly what: string
  readonly why: string
  readonly fix: string
  readonly cause?: unknown
}
