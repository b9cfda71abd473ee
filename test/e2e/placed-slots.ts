import type { NodeStatus, PlacedSubtask } from '#actors/cluster-view.js'
import type { NodeId, SlotIndex } from '#src/kit/ids.js'

/** A slot that a job uses. */
export interface UsedSlot {
  readonly node: NodeId
  /** Of the node, over its incarnations. */
  readonly name: string
  readonly slot: SlotIndex
  /** Of all its subtasks, since the attempt began. */
  readonly busyMs: number
}

/**
 * The slots of a job, the busiest first; undefined while it is not known how busy one of them is, or which node it is
 * on.
 */
export function usedSlots(
  placed: readonly PlacedSubtask[],
  nodes: readonly NodeStatus[],
): readonly UsedSlot[] | undefined {
  const names = new Map(nodes.map(({ node, name }) => [node, name]))
  const slots = new Map<string, UsedSlot>()
  for (const { node, slot, metrics } of placed) {
    const name = names.get(node)
    if (name === undefined || metrics === undefined) return undefined
    const key = `${node} ${slot}`
    const busyMs = (slots.get(key)?.busyMs ?? 0) + metrics.busyMs
    slots.set(key, { node, name, slot, busyMs })
  }
  if (slots.size === 0) return undefined
  return [...slots.values()].sort((a, b) => b.busyMs - a.busyMs)
}
