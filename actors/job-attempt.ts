import type { ActorRef, Address } from '#src/actor/actor.js'
import type { SubtaskPlan } from '#src/graph/execution-graph.js'
import { type ExecutionState, ExecutionStateMachine, isTerminal } from '#src/graph/execution-state.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { assert } from '#src/kit/assert.js'
import type { Attempt, NodeId, SubtaskId } from '#src/kit/ids.js'
import { subtaskAddress } from './deployments.js'
import type { JobMetrics } from './job-event.js'
import type { SlotGrant } from './resource-manager.js'
import type { SlotMessage } from './slot.js'
import type { SubtaskMetrics } from './subtask.js'

/** What the job master knows of the attempt under way: its slots, and how far each of its subtasks is. */
export class JobAttempt {
  readonly number: Attempt
  /** What the log says of its start. Unless it is logged, nobody has heard of it, and another may have its number. */
  start: 'proposed' | 'logged' | 'refused' = 'proposed'
  readonly slots: readonly SlotGrant[]
  /** By parallel index: slot i hosts subtask i of every vertex. */
  readonly opened: (ActorRef<SlotMessage> | undefined)[]
  /** Task managers that have ended: nobody there closes a slot any more. */
  readonly lost = new Set<NodeId>()
  readonly metrics = new Map<SubtaskId, SubtaskMetrics>()
  readonly #states: ReadonlyMap<SubtaskId, ExecutionStateMachine>

  constructor(number: Attempt, slots: readonly SlotGrant[], subtasks: Iterable<SubtaskId>) {
    this.number = number
    this.slots = slots
    this.opened = slots.map(() => undefined)
    this.#states = new Map([...subtasks].map((subtask) => [subtask, new ExecutionStateMachine(subtask)]))
  }

  allOpened(): readonly ActorRef<SlotMessage>[] | undefined {
    const opened = this.opened.filter((slot) => slot !== undefined)
    return opened.length === this.slots.length ? opened : undefined
  }

  /** Where a subtask lives. Its slot is open. */
  addressOf({ id, subtask }: Pick<SubtaskPlan, 'id' | 'subtask'>): Address {
    const slot = this.opened[subtask]
    assert(slot !== undefined, 'a subtask has an address once its slot is open', { id })
    return subtaskAddress(slot, id)
  }

  isOn(node: NodeId): boolean {
    return this.slots.some((grant) => grant.node === node)
  }

  /** Parallel indices whose slots are still to be closed when it is stopped. */
  toClose(): number[] {
    if (this.start !== 'logged') return []
    return this.slots.flatMap(({ node }, index) => (this.lost.has(node) ? [] : [index]))
  }

  /**
   * False for what is old news: messages are repeated and may overtake each other, so one that tells of a later state
   * stands for those before it, too.
   */
  moves(subtask: SubtaskId, to: ReachedState): boolean {
    const machine = this.#states.get(subtask)
    if (machine === undefined || isTerminal(machine.state)) return false
    if (to === 'FAILED') {
      machine.to('FAILED')
      return true
    }
    const steps = PATH.slice(placeOf(machine.state) + 1, placeOf(to) + 1)
    for (const step of steps) machine.to(step)
    return steps.length > 0
  }

  stateOf(subtask: SubtaskId): ExecutionState {
    return this.#states.get(subtask)?.state ?? 'CREATED'
  }

  all(reached: 'RUNNING' | 'FINISHED'): boolean {
    for (const { state } of this.#states.values()) {
      if (placeOf(state) < placeOf(reached)) return false
    }
    return true
  }
}

/** Sums over the subtasks: what sources emitted, and what reached the vertices that end in a sink. */
export function jobMetrics({ metrics }: JobAttempt, plan: JobPlan): JobMetrics {
  const sum = { recordsIn: 0, recordsSkipped: 0, recordsOut: 0, backpressuredMs: 0, busyMs: 0 }
  for (const [subtask, of] of metrics) {
    const { operators } = plan.vertices[Number.parseInt(subtask, 10)]!
    if (operators[0]!.kind === 'source') sum.recordsIn += of.recordsIn
    if (operators.some(({ kind }) => kind === 'sink')) sum.recordsOut += of.recordsIn
    sum.recordsSkipped += of.recordsSkipped
    sum.backpressuredMs += of.backpressuredMs
    sum.busyMs += of.busyMs
  }
  return sum
}

/** The way of a subtask on which nothing fails. */
const PATH = ['CREATED', 'SCHEDULED', 'DEPLOYING', 'INITIALIZING', 'RUNNING', 'FINISHED'] as const

type ReachedState = (typeof PATH)[number] | 'FAILED'

/** -1 off that way. */
function placeOf(state: ExecutionState): number {
  return (PATH as readonly ExecutionState[]).indexOf(state)
}
