import { expect, test } from 'vitest'
import type { NodeStatus, PlacedSubtask } from '#actors/cluster-view.js'
import type { NodeId } from '#src/kit/ids.js'
import { usedSlots } from './placed-slots.js'

const NODES = ['a', 'b'].map((node) => ({ node: node as NodeId, name: `tm-${node}` })) as NodeStatus[]

test('when subtasks share slots, then the slot whose subtasks are busiest together comes first', () => {
  const placed = [at('a', 0, 10), at('a', 1, 25), at('b', 0, 5), at('a', 0, 20), at('b', 0, 3)]
  expect(usedSlots(placed, NODES)).toEqual([
    { node: 'a', name: 'tm-a', slot: 0, busyMs: 30 },
    { node: 'a', name: 'tm-a', slot: 1, busyMs: 25 },
    { node: 'b', name: 'tm-b', slot: 0, busyMs: 8 },
  ])
})

test.each([
  ['nothing is placed', []],
  ['one has not said how busy it is', [at('a', 0, 10), at('b', 0, undefined)]],
  ['its node is not known any more', [at('a', 0, 10), at('c', 0, 10)]],
])('when %s, then it is not known yet', (_, placed) => {
  expect(usedSlots(placed, NODES)).toBeUndefined()
})

function at(node: string, slot: number, busyMs: number | undefined): PlacedSubtask {
  return { node, slot, metrics: busyMs === undefined ? undefined : { busyMs } } as PlacedSubtask
}
