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

test('when another leads, then who it has not heard of yet is not gone', () => {
  const signs = new NodeSigns()
  signs.onNodes([leader('jm-1'), follower('jm-2'), follower('tm-1')], 1)
  signs.onNodes([leader('jm-2')], 2)
  signs.onNodes([leader('jm-2'), follower('tm-1')], 3)
  expect(signs.signs).toEqual([])

  signs.onNodes([leader('jm-2')], 4)
  expect(signs.signs).toEqual([{ at: 4, told: 'tm-1 is gone' }])
})

test('when a node says that it leads, then that is a sign, and other words are none', () => {
  const signs = new NodeSigns()
  signs.onLine('jm-2', '12:00:01 · stands by: jm-1 leads', 1)
  signs.onLine('jm-2', '12:00:02.000 warn  another leads the cluster: this node stands by by=jm-1', 1)
  signs.onLine('jm-2', '12:00:03 ✔ leads the cluster', 2)

  expect(signs.signs).toEqual([{ at: 2, told: 'jm-2 leads' }])
})

test('when one is asked who leads, then it is who says so, wherever it stands', () => {
  expect(leaderOf([follower('tm-1'), leader('jm-2'), follower('jm-1')])?.name).toBe('jm-2')
  expect(leaderOf([follower('tm-1')])).toBeUndefined()
})
