import { expect, test } from 'vitest'
import type { NodeId } from '#src/kit/ids.js'
import { leaderOf, NodeSigns, type SeenNode } from '../../chaos/node-signs.js'

const seen = (name: string, life: number, isLeader: boolean): SeenNode => ({
  name,
  node: `${name}-${life}` as NodeId,
  isLeader,
})
const leader = (name: string) => seen(name, 1, true)
const follower = (name: string, life = 1) => seen(name, life, false)

test('when nothing changes, or somebody joins, then there is no sign', () => {
  const signs = new NodeSigns()
  signs.onNodes([leader('jm-1'), follower('tm-1')], 1)
  signs.onNodes([leader('jm-1'), follower('tm-1')], 2)
  signs.onNodes([leader('jm-1'), follower('tm-1'), follower('tm-2')], 3)

  expect(signs.signs).toEqual([])
})

test('when a node is no longer told of, then it is gone, once', () => {
  const signs = new NodeSigns()
  signs.onNodes([leader('jm-1'), follower('tm-1')], 1)
  signs.onNodes([leader('jm-1')], 2)
  signs.onNodes([leader('jm-1')], 3)

  expect(signs.signs).toEqual([{ at: 2, told: 'tm-1 is gone' }])
})

test('when a node is back before anybody looked, then it is another incarnation', () => {
  const signs = new NodeSigns()
  signs.onNodes([leader('jm-1'), follower('tm-1', 1)], 1)
  signs.onNodes([leader('jm-1'), follower('tm-1', 2)], 2)

  expect(signs.signs).toEqual([{ at: 2, told: 'tm-1 is another incarnation' }])
})

test('when another leads, then that is told, and the one before is gone', () => {
  const signs = new NodeSigns()
  signs.onNodes([leader('jm-1'), follower('jm-2')], 1)
  signs.onNodes([leader('jm-2')], 2)

  expect(signs.signs.map(({ told }) => told)).toEqual(['jm-1 is gone', 'jm-2 leads'])
})

test('when the lead changes and both live, then only that is told', () => {
  const signs = new NodeSigns()
  signs.onNodes([leader('jm-1'), follower('jm-2')], 1)
  signs.onNodes([leader('jm-2'), follower('jm-1')], 2)

  expect(signs.signs).toEqual([{ at: 2, told: 'jm-2 leads' }])
})

test('when one is asked who leads, then it is who says so, wherever it stands', () => {
  expect(leaderOf([follower('tm-1'), leader('jm-2'), follower('jm-1')])?.name).toBe('jm-2')
  expect(leaderOf([follower('tm-1')])).toBeUndefined()
})
