import { callSite } from '../api/call-site.js'
import type { OperatorDefinition, Ports, TypeOfPort } from '../api/operator.js'
import type { EmittingProcess, YieldingProcess } from '../api/process.js'
import { requiredText, wrongOption } from '../api/required.js'
import type { StateDescription, Timer } from '../api/state.js'
import type { Duration } from '../kit/duration.js'
import type { OperatorId, SubtaskIndex } from '../kit/ids.js'
import type { Key } from '../kit/key.js'
import { defaultMaxParallelism } from '../kit/key-group.js'
import { LIMITS } from '../kit/limits.js'
import type { Place } from '../operator/user-code.js'
import { FIRST_TIME } from './first-time.js'
import type { HarnessSnapshot } from './harness-snapshot.js'
import {
  type HarnessedOperator,
  harnessedPorts,
  harnessedProcess,
  type KeyedProcess,
} from './harnessed-operator.js'
import { RunningOperator } from './running-operator.js'

/** Which subtask it is, when it begins, and what it goes on from. Wrong values are refused with an error that says what is taken. */
export interface HarnessOptions {
  /** Names the operator in errors and snapshots; `operator` by default. State is found again by it. */
  readonly id?: string
  /** The parallel index of this subtask, 0 … parallelism - 1; 0 by default. */
  readonly subtask?: number
  /** 1 by default. */
  readonly parallelism?: number
  /** The number of key groups; by default that of the snapshots, or what a job of this parallelism has. */
  readonly maxParallelism?: number
  /**
   * Where time begins, in milliseconds since 1970; by default where the snapshots were taken, or some time in 2023.
   * Restored timers that are due by then fire at the first advance.
   */
  readonly now?: number
  /** What the same operator, in this version or an older one, has left: the snapshots of all its subtasks. */
  readonly restoreFrom?: HarnessSnapshot | readonly HarnessSnapshot[]
}

/** What every harness does, whatever its operator takes and emits. */
export interface OperatorHarness<K extends Key, State extends StateDescription> {
  /** Virtual time, milliseconds since 1970. It stands still but for `advance` and `advanceTo`. */
  now(): number
  /**
   * Lets time pass and fires the timers that fall due on the way, earliest first, each at its own time; those of equal
   * times in the order in which they were set. Zero fires what is due already. Throws RT1701 for what is no duration,
   * RT1601 where the operator throws.
   */
  advance(by: Duration): void
  /** Like `advance`, to a time in milliseconds since 1970. Throws RT1801 for one that has passed. */
  advanceTo(at: number): void
  /** A copy of what the operator would read: the initial value until one is set. Throws RT1801 for unknown names. */
  state<Name extends keyof State & string>(key: K, name: Name): State[Name]['initial']
  /** The timers that wait for `key`, earliest first. */
  timers(key: K): Timer[]
  /** Whether `key` belongs to this subtask. At parallelism 1 each does; others are refused with RT1801. */
  owns(key: K): boolean
  /** What a checkpoint would hold of this subtask at this moment. Throws RT1614 where state cannot be written as bytes. */
  snapshot(): Promise<HarnessSnapshot>
}

/** A harness around what `.keyBy(key).process(id, process)` takes. */
export interface ProcessHarness<K extends Key, T, State extends StateDescription, R>
  extends OperatorHarness<K, State> {
  /**
   * One record from upstream; it is frozen. What the operator throws comes out of here, and then it has failed: from now
   * on it can be looked at, but takes nothing more (RT1801).
   */
  receive(record: T): void
  /** What was emitted since this was last asked, in order. The records are frozen. */
  takeEmitted(): R[]
}

/** A harness around `operator({…})`, with typed ports. */
export interface PortHarness<
  K extends Key,
  Receives extends Ports,
  Emits extends Ports,
  State extends StateDescription,
> extends OperatorHarness<K, State> {
  /** One record for a port; as that of a process otherwise. */
  receive<Port extends keyof Receives & string>(port: Port, record: TypeOfPort<Receives[Port]>): void
  /** What was emitted since this was last asked, in order over all ports. The records are frozen. */
  takeEmitted(): EmittedAt<Emits>[]
}

/** A record and the port where it left. */
export type EmittedAt<Emits extends Ports> = {
  readonly [Port in keyof Emits & string]: { readonly port: Port; readonly record: TypeOfPort<Emits[Port]> }
}[keyof Emits & string]

/** Chooses the key of the records of each port, as `hash` does where the port is connected. */
export type KeyOfPort<Receives extends Ports, K extends Key> = {
  readonly [Port in keyof Receives]: (record: TypeOfPort<Receives[Port]>) => K
}

/**
 * Runs one keyed process for a test, on virtual time: the operator as it runs in a job, with its state, its timers and
 * its snapshots, and nothing around it. Resolves when what `restoreFrom` holds is restored.
 *
 * Throws RT1012 for options that cannot be; RT1203, RT1205, RT1206 or RT1801 for snapshots that are not this operator's.
 */
export async function operatorHarness<T, const K extends Key, State extends StateDescription, R>(
  definition: { readonly key: (record: T) => K; readonly process: EmittingProcess<K, T, State, R> },
  options?: HarnessOptions,
): Promise<ProcessHarness<K, T, State, R>>
export async function operatorHarness<
  T,
  const K extends Key,
  State extends StateDescription,
  R = never,
  L = never,
>(
  definition: { readonly key: (record: T) => K; readonly process: YieldingProcess<K, T, State, R, L> },
  options?: HarnessOptions,
): Promise<ProcessHarness<K, T, State, R | L>>
export async function operatorHarness(
  definition: KeyedProcess,
  options: HarnessOptions = {},
): Promise<ProcessHarness<Key, unknown, StateDescription, unknown>> {
  const place = { operator: idOf(options), where: callSite(operatorHarness) }
  return opened(harnessedProcess(definition, place), place, options)
}

/** The same for an operator of the explicit layer, what `operator({…})` returns; `key` has a function for each port. */
export async function portHarness<
  Receives extends Ports,
  Emits extends Ports,
  State extends StateDescription,
  const K extends Key,
>(
  definition: {
    readonly operator: OperatorDefinition<Receives, Emits, State>
    readonly key: KeyOfPort<NoInfer<Receives>, K>
  },
  options: HarnessOptions = {},
): Promise<PortHarness<K, Receives, Emits, State>> {
  const place = { operator: idOf(options), where: callSite(portHarness) }
  const running = await opened(harnessedPorts(definition, place), place, options)
  // Which records it takes and emits, and which states it has, only the types tell.
  return running as unknown as PortHarness<K, Receives, Emits, State>
}

function opened(
  operator: HarnessedOperator,
  place: Place,
  options: HarnessOptions,
): Promise<RunningOperator> {
  const id = place.operator as OperatorId
  return RunningOperator.opened({ id, where: place.where, ...operator, ...placed(options) })
}

function idOf({ id = 'operator' }: HarnessOptions): string {
  return requiredText('operatorHarness', 'id', id)
}

/** Which subtask it is, of how many, when, and with what, every default applied. Throws RT1012. */
function placed(options: HarnessOptions) {
  const { parallelism = 1, subtask = 0, restoreFrom = [] } = options
  const snapshots: readonly HarnessSnapshot[] = [restoreFrom].flat()
  const [before] = snapshots
  whole('parallelism', parallelism, 1, LIMITS.maxParallelism)
  const maxParallelism =
    options.maxParallelism ?? before?.maxParallelism ?? defaultMaxParallelism(parallelism)
  whole('maxParallelism', maxParallelism, parallelism, LIMITS.maxParallelism)
  whole('subtask', subtask, 0, parallelism - 1)
  const lastTime = before === undefined ? FIRST_TIME : Math.max(...snapshots.map(({ takenAt }) => takenAt))
  const startsAt = options.now ?? lastTime
  if (!Number.isFinite(startsAt))
    throw wrongOption('operatorHarness', 'now', startsAt, 'a number of milliseconds since 1970')
  return { subtask: subtask as SubtaskIndex, parallelism, maxParallelism, startsAt, restoreFrom: snapshots }
}

function whole(option: string, value: number, lowest: number, highest: number): void {
  if (Number.isSafeInteger(value) && value >= lowest && value <= highest) return
  throw wrongOption('operatorHarness', option, value, `a whole number, ${lowest} … ${highest}`)
}
