import { expect, test } from 'vitest'
import { ClockSkew } from '#src/cluster/clock-skew.js'
import { Membership } from '#src/cluster/membership.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import type { NodeId } from '#src/kit/ids.js'

const info = (node: string, more: Partial<NodeInfo> = {}): NodeInfo => ({
  node: node as NodeId,
  name: node.split('-')[0] ?? node,
  host: 'host',
  pid: 1,
  version: '0.1.0',
  protocol: 1,
  cpus: 1,
  memoryBytes: 1,
  labels: {},
  startedAt: 0,
  ...more,
})
const leader = info('jm-1')

test('when a node is heard, then it joins once, and is known from then on', () => {
  const membership = new Membership(leader)
  expect(membership.onHeard(info('a-1')).kind).toBe('joined')
  expect(membership.onHeard(info('a-1')).kind).toBe('known')
})

test('when a node was taken for dead, then that incarnation never comes back, and another one may', () => {
  const membership = new Membership(leader)
  membership.onHeard(info('a-1'))
  membership.onLost('a-1' as NodeId)
  expect(membership.onHeard(info('a-1')).kind).toBe('evicted')
  expect(membership.onHeard(info('a-2')).kind).toBe('joined')
})

test('when a node said goodbye, then it may come back as it is', () => {
  const membership = new Membership(leader)
  membership.onHeard(info('a-1'))
  membership.onLeft('a-1' as NodeId)
  expect(membership.onHeard(info('a-1')).kind).toBe('joined')
})

test('when a member has the name of a newcomer, then it is to be asked first', () => {
  const membership = new Membership(leader)
  membership.onHeard(info('a-1'))
  expect(membership.onHeard(info('a-2'))).toEqual({ kind: 'namesake', of: 'a-1' })
  membership.onLost('a-1' as NodeId)
  expect(membership.onHeard(info('a-2')).kind).toBe('joined')
})

test('when a node speaks another protocol, then it is refused, with which of both to upgrade', () => {
  const membership = new Membership(leader)
  const newer = membership.onHeard(info('b-1', { protocol: 2, version: '0.2.0' }))
  expect(newer).toMatchObject({ kind: 'refused', error: { code: 'RT1515', fix: 'upgrade jm to 0.2.0' } })
  const older = membership.onHeard(info('c-1', { protocol: 0, version: '0.0.9' }))
  expect(older).toMatchObject({ kind: 'refused', error: { code: 'RT1515', fix: 'upgrade c to 0.1.0' } })
})

test('when words take their time, then the clock that sent them is not taken for late', () => {
  const skew = new ClockSkew()
  for (const late of [900, 3, 4_000, 20, 7]) skew.onHeard(1_000, 1_000 + late)
  expect(skew.ms).toBe(-3)
  expect(skew.isTooLarge).toBe(false)
})

test('when a clock is wrong, then that is said after a few words, and no more once it is right', () => {
  const skew = new ClockSkew()
  for (let word = 0; word < 4; word++) skew.onHeard(61_000, 1_000)
  expect(skew.isTooLarge).toBe(false)
  skew.onHeard(61_000, 1_000)
  expect([skew.ms, skew.isTooLarge]).toEqual([60_000, true])
  for (let word = 0; word < 5; word++) skew.onHeard(1_000, 1_001)
  expect(skew.isTooLarge).toBe(false)
})
