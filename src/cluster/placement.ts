import type { NodeId, SlotIndex } from '../kit/ids.js'

/** A living task manager, as far as placing a job is concerned. */
export interface FreeSlots {
  readonly node: NodeId
  readonly free: readonly SlotIndex[]
}

export type Placement =
  | { readonly kind: 'placed'; readonly slots: readonly PlacedSlot[] }
  /** Nothing is taken. `reason` is for people. */
  | { readonly kind: 'waiting'; readonly missing: number; readonly reason: string }

export interface PlacedSlot {
  readonly node: NodeId
  readonly slot: SlotIndex
}

/**
 * Which slots a job gets: all that it needs or none, spread evenly, so that the task manager with most free slots
 * gives next (of equals the one named first). The same input gives the same answer.
 */
export function placeSlots(taskManagers: readonly FreeSlots[], needed: number): Placement {
  const free = taskManagers.reduce((sum, { free }) => sum + free.length, 0)
  if (free < needed) {
    return {
      kind: 'waiting',
      missing: needed - free,
      reason: waitingReason(taskManagers.length, free, needed),
    }
  }
  const left = taskManagers.map(({ node, free }) => ({ node, free: [...free].sort((a, b) => a - b) }))
  const slots: PlacedSlot[] = []
  while (slots.length < needed) {
    const roomiest = left.reduce((best, next) => (next.free.length > best.free.length ? next : best))
    const slot = roomiest.free.shift()
    if (slot === undefined) break
    slots.push({ node: roomiest.node, slot })
  }
  return { kind: 'placed', slots }
}

function waitingReason(taskManagers: number, free: number, needed: number): string {
  const missing = needed - free
  const where = taskManagers === 1 ? '1 task manager' : `${taskManagers} task managers`
  return `needs ${needed} ${slotsOf(needed)}, ${free} free on ${where}: ${missing} ${slotsOf(missing)} missing`
}

function slotsOf(count: number): string {
  return count === 1 ? 'slot' : 'slots'
}
