import { expect, test } from 'vitest'
import { partitionerOf } from '#src/channel/partitioner.js'
import type { PartitionerSpec } from '#src/channel/partitioner-spec.js'
import type { Key } from '#src/kit/key.js'
import { keyGroupOf, subtaskOfGroup } from '#src/kit/key-group.js'

function partitioned(
  spec: PartitionerSpec,
  channels: number,
  records: readonly unknown[],
  subtask = 0,
): unknown[][] {
  const targets: unknown[][] = Array.from({ length: channels }, () => [])
  const partitioner = partitionerOf(spec, { channels, subtask, maxParallelism: 128 })
  for (const record of records) partitioner.partition([record], targets)
  return targets
}

const six = [1, 2, 3, 4, 5, 6]

test('when records are dealt, then each partitioner does it in its way', () => {
  expect(partitioned({ kind: 'forward' }, 1, six)).toEqual([six])
  expect(partitioned({ kind: 'global' }, 3, six)).toEqual([six, [], []])
  expect(partitioned({ kind: 'broadcast' }, 2, six)).toEqual([six, six])
  expect(partitioned({ kind: 'rebalance' }, 3, six)).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ])
  expect(partitioned({ kind: 'rescale' }, 2, six)).toEqual([
    [1, 3, 5],
    [2, 4, 6],
  ])
  const choose = (record: unknown, channels: number) => (record as number) % channels
  expect(partitioned({ kind: 'custom', choose }, 2, six)).toEqual([
    [2, 4, 6],
    [1, 3, 5],
  ])
})

test('when several subtasks deal in turn, then they do not all begin with the same receiver', () => {
  const first = [0, 1, 2, 3].map((subtask) =>
    partitioned({ kind: 'rebalance' }, 3, ['x'], subtask).map((target) => target.length),
  )
  expect(first).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
    [1, 0, 0],
  ])
})

test('when records are dealt by key, then each goes to the subtask that has its key group', () => {
  const users = Array.from({ length: 1_000 }, (_, i) => `user-${i}`)
  const targets = partitioned({ kind: 'hash', keyOf: (record) => record as Key }, 5, users)
  targets.forEach((target, subtask) => {
    for (const user of target) expect(subtaskOfGroup(keyGroupOf(user as Key, 128), 5, 128)).toBe(subtask)
  })
  expect(targets.flat().length).toBe(1_000)
})

test('when a key is none, or of another type than before, then it is refused', () => {
  const keyOf = (record: unknown) => record as Key
  expect(() => partitioned({ kind: 'hash', keyOf }, 2, ['a', undefined])).toThrow(
    /^RT1610 undefined is not a key/,
  )
  expect(() => partitioned({ kind: 'hash', keyOf }, 2, [Number.NaN])).toThrow(/^RT1610 NaN/)
  expect(() => partitioned({ kind: 'hash', keyOf }, 2, ['a', 1])).toThrow(/^RT1611 a key is a number/)
  expect(() => partitioned({ kind: 'hash', keyOf }, 2, [['a'], ['b', 2], 'a'])).toThrow(
    /^RT1611 a key is a string/,
  )
})

test('when a custom partitioner chooses a channel that is not there, then it is refused', () => {
  for (const chosen of [2, -1, 0.5, Number.NaN, undefined]) {
    const choose = () => chosen as number
    expect(() => partitioned({ kind: 'custom', choose }, 2, ['x'])).toThrow(/^RT1613 /)
  }
})
