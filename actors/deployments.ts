import type { ActorRef, Address } from '#src/actor/actor.js'
import { addressBelow } from '#src/actor/address.js'
import type { Restoration } from '#src/checkpoint/restore.js'
import type { Origin } from '#src/cluster/log-entry.js'
import { deploymentOrder, type ExecutionGraph } from '#src/graph/execution-graph.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { assert } from '#src/kit/assert.js'
import type { Attempt, OperatorId, RunId, SubtaskId } from '#src/kit/ids.js'
import type { Direction } from './direction.js'
import type { SlotMessage } from './slot.js'
import type { SubtaskDeployment } from './subtask-deployment.js'

export interface AttemptPlan {
  readonly job: string
  readonly run: RunId
  readonly attempt: Attempt
  readonly plan: JobPlan
  readonly graph: ExecutionGraph
  readonly restoration: Restoration
  /** Slot i hosts subtask i of every vertex. */
  readonly slots: readonly ActorRef<SlotMessage>[]
  /** Sources that never get new splits. */
  readonly complete: ReadonlySet<OperatorId>
  readonly restoredFrom: Origin
  readonly allowRepeatedRows: boolean
  readonly direction: Direction
}

export interface PlacedDeployment {
  readonly id: SubtaskId
  readonly slot: ActorRef<SlotMessage>
  readonly deployment: SubtaskDeployment
}

/** What each slot of an attempt is to run, receivers before senders. */
export function deploymentsOf(attempt: AttemptPlan): readonly PlacedDeployment[] {
  const { plan, graph, restoration, slots } = attempt
  const subtasks = new Map(graph.subtasks.map((subtask) => [subtask.id, subtask]))
  const slotOf = (id: SubtaskId): ActorRef<SlotMessage> => {
    const slot = slots[subtasks.get(id)?.subtask ?? -1]
    assert(slot !== undefined, 'a subtask has no slot', { id, slots: slots.length })
    return slot
  }
  const addressOf = (id: SubtaskId): Address => subtaskAddress(slotOf(id), id)
  return deploymentOrder(plan, graph).map((subtask) => ({
    id: subtask.id,
    slot: slotOf(subtask.id),
    deployment: {
      job: attempt.job,
      run: attempt.run,
      attempt: attempt.attempt,
      vertex: subtask.vertex,
      subtask: subtask.subtask,
      inputs: subtask.inputs.map(({ from, senderChannel }) => ({
        sender: addressOf(from),
        outputChannel: senderChannel,
      })),
      outputs: subtask.outputs.map(({ edge, channels }) => ({
        edge,
        channels: channels.map(({ to, receiverChannel }) => ({
          receiver: addressOf(to),
          inputChannel: receiverChannel,
        })),
      })),
      splits: (restoration.get(subtask.id) ?? []).flatMap(({ splits }) => splits),
      restored: restoration.get(subtask.id) ?? [],
      allSplitsKnown: plan.vertices[subtask.vertex]!.operators.every(
        ({ id, kind }) => kind !== 'source' || attempt.complete.has(id),
      ),
      restoredFrom: attempt.restoredFrom,
      allowRepeatedRows: attempt.allowRepeatedRows,
      direction: attempt.direction,
    },
  }))
}

/** A slot spawns its subtasks under this name. */
export function subtaskName(id: SubtaskId): string {
  return `s-${id}`
}

export function subtaskAddress(slot: ActorRef<SlotMessage>, id: SubtaskId): Address {
  return addressBelow(slot.address, subtaskName(id))
}
