import type { ActorRef } from '#src/actor/actor.js'
import type { Attempt, CheckpointId, NodeId, SlotIndex, SubtaskId } from '#src/kit/ids.js'
import type { SlotGrant } from './resource-manager.js'
import type { SlotMessage } from './slot.js'
import type { SubtaskMetrics } from './subtask.js'

/** Where a subtask of an attempt is, as far as its job master has heard. */
export type SubtaskState = 'DEPLOYING' | 'INITIALIZING' | 'RUNNING' | 'FINISHED' | 'FAILED'

/** What the job master knows of the attempt under way: its slots, and how far each of its subtasks is. */
export class JobAttempt {
  readonly number: Attempt
  /** The checkpoint that it starts from. */
  readonly from: CheckpointId
  readonly slots: readonly SlotGrant[]
  /** By parallel index: slot i hosts subtask i of every vertex. */
  readonly opened: (ActorRef<SlotMessage> | undefined)[]
  readonly metrics = new Map<SubtaskId, SubtaskMetrics>()
  readonly #states: Map<SubtaskId, SubtaskState>

  constructor(
    number: Attempt,
    from: CheckpointId,
    slots: readonly SlotGrant[],
    subtasks: Iterable<SubtaskId>,
  ) {
    this.number = number
    this.from = from
    this.slots = slots
    this.opened = slots.map(() => undefined)
    this.#states = new Map([...subtasks].map((subtask) => [subtask, 'DEPLOYING']))
  }

  get states(): ReadonlyMap<SubtaskId, SubtaskState> {
    return this.#states
  }

  allOpened(): readonly ActorRef<SlotMessage>[] | undefined {
    const opened = this.opened.filter((slot) => slot !== undefined)
    return opened.length === this.slots.length ? opened : undefined
  }

  /** False for what is old news: messages are repeated and may overtake each other. */
  moves(subtask: SubtaskId, to: SubtaskState): boolean {
    const from = this.#states.get(subtask)
    if (from === undefined || RANK[from] >= RANK[to]) return false
    this.#states.set(subtask, to)
    return true
  }

  all(reached: SubtaskState): boolean {
    for (const state of this.#states.values()) if (RANK[state] < RANK[reached]) return false
    return true
  }

  indexOf(node: NodeId, slot: SlotIndex): number {
    return this.slots.findIndex((grant) => grant.node === node && grant.slot === slot)
  }
}

const RANK = { DEPLOYING: 0, INITIALIZING: 1, RUNNING: 2, FINISHED: 3, FAILED: 4 } as const
