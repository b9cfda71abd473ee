import { expect, test } from 'vitest'
import { placeSlots } from '#src/cluster/placement.js'
import type { NodeId, SlotIndex } from '#src/kit/ids.js'

const taskManager = (node: string, ...free: number[]) => ({ node: node as NodeId, free: free as SlotIndex[] })

test('when a job needs slots, then they are spread evenly, the roomiest task manager first', () => {
  const placed = placeSlots([taskManager('a', 0, 1), taskManager('b', 0, 1, 2, 3)], 4)
  expect(placed).toEqual({
    kind: 'placed',
    slots: [
      { node: 'b', slot: 0 },
      { node: 'b', slot: 1 },
      { node: 'a', slot: 0 },
      { node: 'b', slot: 2 },
    ],
  })
})

test('when slots are free in any order, then none is given twice and none that is taken', () => {
  const placed = placeSlots([taskManager('a', 3, 1)], 2)
  expect(placed).toEqual({
    kind: 'placed',
    slots: [
      { node: 'a', slot: 1 },
      { node: 'a', slot: 3 },
    ],
  })
})

test('when there are too few, then nothing is taken and the reason says how many are missing', () => {
  expect(placeSlots([taskManager('a', 0), taskManager('b')], 4)).toEqual({
    kind: 'waiting',
    missing: 3,
    reason: 'needs 4 slots, 1 free on 2 task managers: 3 slots missing',
  })
  expect(placeSlots([], 1)).toMatchObject({
    reason: 'needs 1 slot, 0 free on 0 task managers: 1 slot missing',
  })
})
