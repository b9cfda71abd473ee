import { expect, test } from 'vitest'
import { firstManifest, type Manifest, manifestOf } from '#src/checkpoint/manifest.js'
import { maxParallelismsOf, restoreOf } from '#src/checkpoint/restore.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import type { SubtaskId } from '#src/kit/ids.js'
import type { SubtaskSnapshot } from '#src/state/snapshot.js'
import {
  attempt,
  checkpoint,
  clickCount,
  operatorId,
  part,
  piece,
  plan,
  run,
  snapshot,
  split,
  vertex,
} from './fixtures.js'

function manifest(
  of: JobPlan,
  subtasks: readonly SubtaskSnapshot[],
  splits = [split(0), split(1), split(2)],
): Manifest {
  const head = {
    run,
    plan: of,
    checkpoint: checkpoint(7),
    attempt: attempt(1),
    triggeredAt: 1,
    completedAt: 2,
  }
  return manifestOf(head, [{ source: operatorId('clicks'), splits }], subtasks)
}

const keyed = (firstGroup: number, lastGroup: number) => ({
  firstGroup,
  lastGroup,
  part: part(`run1/1/7/${firstGroup}-${lastGroup}`),
})

function restored(of: Manifest, to: JobPlan, subtask: string, operator: string) {
  return restoreOf(of, to)
    .get(subtask as SubtaskId)
    ?.find(({ operator: id }) => id === operator)
}

const TWO = manifest(clickCount(2), [
  snapshot(0, 0, [{ operator: 'clicks', splits: [split(0, 100), split(2, 300)] }, { operator: 'map-1' }]),
  snapshot(0, 1, [{ operator: 'clicks', splits: [split(1, 200)] }, { operator: 'map-1' }]),
  snapshot(1, 0, [
    { operator: 'count', keyed: [keyed(0, 63)] },
    { operator: 'table', pieces: [piece(0, 5), piece(2, 5), piece(0, 7)] },
  ]),
  snapshot(1, 1, [
    { operator: 'count', keyed: [keyed(64, 127)] },
    { operator: 'table', pieces: [piece(1, 7), piece(1, 7, 1)] },
  ]),
])

test('when a run starts from checkpoint 0, then each reader gets its partitions where they begin', () => {
  const zero = firstManifest(
    run,
    clickCount(2),
    [{ source: operatorId('clicks'), splits: [0, 1, 2, 3].map((n) => split(n, n)) }],
    5,
  )
  expect(restored(zero, clickCount(2), '0-0', 'clicks')).toEqual({
    operator: 'clicks',
    splits: [split(0, 0), split(2, 2)],
    pieces: [],
    keyed: [],
    ended: false,
  })
  expect(restored(zero, clickCount(2), '0-1', 'clicks')?.splits).toEqual([split(1, 1), split(3, 3)])
  expect(restoreOf(zero, clickCount(2)).size).toBe(4)
})

test('when the parallelism is the same, then everyone gets their own back, in the order of the chain', () => {
  expect(
    restoreOf(TWO, clickCount(2))
      .get('1-0' as SubtaskId)
      ?.map(({ operator }) => operator),
  ).toEqual(['count', 'table'])
  expect(restored(TWO, clickCount(2), '0-0', 'clicks')?.splits).toEqual([split(0, 100), split(2, 300)])
  expect(restored(TWO, clickCount(2), '1-1', 'count')?.keyed).toEqual([keyed(64, 127)])
  expect(restored(TWO, clickCount(2), '1-0', 'table')?.pieces).toEqual([
    piece(0, 5),
    piece(2, 5),
    piece(0, 7),
  ])
})

test('when the parallelism grows, then key groups, splits and pieces are dealt anew', () => {
  const four = clickCount(4)
  expect(restored(TWO, four, '1-1', 'count')?.keyed, 'groups 32 to 63').toEqual([keyed(0, 63)])
  expect(restored(TWO, four, '1-2', 'count')?.keyed).toEqual([keyed(64, 127)])
  expect([0, 1, 2, 3].map((n) => restored(TWO, four, `0-${n}`, 'clicks')?.splits)).toEqual([
    [split(0, 100)],
    [split(1, 200)],
    [split(2, 300)],
    [],
  ])
  expect([0, 1, 2, 3].map((n) => restored(TWO, four, `1-${n}`, 'table')?.pieces)).toEqual([
    [piece(0, 5), piece(0, 7)],
    [piece(1, 7), piece(1, 7, 1)],
    [piece(2, 5)],
    [],
  ])
})

test('when the parallelism shrinks, then one subtask gets all parts, each owner oldest first', () => {
  const one = clickCount(1)
  expect(restored(TWO, one, '1-0', 'count')?.keyed).toEqual([keyed(0, 63), keyed(64, 127)])
  const owners = restored(TWO, one, '1-0', 'table')?.pieces.map(({ owner, checkpoint, number }) => [
    owner,
    checkpoint,
    number,
  ])
  expect(owners).toEqual([
    [0, 5, 0],
    [2, 5, 0],
    [0, 7, 0],
    [1, 7, 0],
    [1, 7, 1],
  ])
})

test('when many subtasks restore, then what there is is looked at once, and not once for each of them', () => {
  const many = 100
  let looks = 0
  const splits = Array.from({ length: many }, (_, owner) => ({
    ...split(owner),
    get owner() {
      looks++
      return owner
    },
  }))
  expect(
    restored(manifest(clickCount(many), [], splits), clickCount(many), '0-7', 'clicks')?.splits,
  ).toHaveLength(1)
  expect(looks).toBe(many)
})

test('when a split was handed out but its reader said nothing of it, then it begins where it began', () => {
  const known = manifest(clickCount(2), TWO.subtasks, [split(0), split(1), split(2), split(3, 'beginning')])
  expect(restored(known, clickCount(2), '0-1', 'clicks')?.splits).toEqual([
    split(1, 200),
    split(3, 'beginning'),
  ])
})

test('when pieces of one owner stand in two snapshots, then the restore stops: their order is lost', () => {
  const broken = manifest(clickCount(2), [
    snapshot(1, 0, [{ operator: 'table', pieces: [piece(0, 5)] }]),
    snapshot(1, 1, [{ operator: 'table', pieces: [piece(0, 6)] }]),
  ])
  expect(() => restoreOf(broken, clickCount(2))).toThrow(
    expect.objectContaining({ code: 'RT1202', what: expect.stringContaining('two subtasks, 0 and 1') }),
  )
})

test('when a source had ended in part, then each reader knows its own end, and at another parallelism none does', () => {
  const part = manifest(clickCount(2), [
    snapshot(0, 0, [{ operator: 'clicks' }], true),
    snapshot(0, 1, [{ operator: 'clicks' }]),
  ])
  expect([0, 1].map((n) => restored(part, clickCount(2), `0-${n}`, 'clicks')?.ended)).toEqual([true, false])
  expect([0, 1, 2].map((n) => restored(part, clickCount(3), `0-${n}`, 'clicks')?.ended)).toEqual([
    false,
    false,
    false,
  ])
})

test('when all had ended, then all have, at any parallelism', () => {
  const all = manifest(clickCount(2), [
    snapshot(1, 0, [{ operator: 'count' }], true),
    snapshot(1, 1, [{ operator: 'count' }], true),
  ])
  expect([0, 1, 2].map((n) => restored(all, clickCount(3), `1-${n}`, 'count')?.ended)).toEqual([
    true,
    true,
    true,
  ])
})

test('when operators have moved to other chains, then they are found by id', () => {
  const unchained = plan([
    vertex(0, [{ id: 'clicks', kind: 'source' }]),
    vertex(1, [{ id: 'filter-1', kind: 'filter' }]),
    vertex(2, [{ id: 'count', kind: 'sum' }]),
    vertex(3, [{ id: 'table', kind: 'sink' }]),
  ])
  expect(restored(TWO, unchained, '2-0', 'count')?.keyed).toEqual([keyed(0, 63)])
  expect(restored(TWO, unchained, '3-1', 'table')?.pieces).toHaveLength(2)
})

const SOURCE = vertex(0, [{ id: 'clicks', kind: 'source' }])
const SINK = { id: 'table', kind: 'sink' }

test.each([
  ['RT1206', '"count"', [SOURCE, vertex(1, [SINK])]],
  ['RT1207', '"top"', [SOURCE, vertex(1, [{ id: 'count', kind: 'sum' }, { id: 'top', kind: 'max' }, SINK])]],
  ['RT1208', '"count"', [SOURCE, vertex(1, [{ id: 'count', kind: 'count' }, SINK])]],
  ['RT1205', '"count"', [SOURCE, vertex(1, [{ id: 'count', kind: 'sum' }, SINK], 2, 256)]],
])('when state cannot be given back whole (%s), then it says which: %s', (code, id, vertices) => {
  expect(() => restoreOf(TWO, plan(vertices))).toThrow(
    expect.objectContaining({ code, what: expect.stringContaining(id), fix: expect.any(String) }),
  )
})

const ends = (source: string, sink: string, guarantee: 'exactly-once' | 'at-least-once') =>
  plan([
    vertex(0, [{ id: 'clicks', kind: 'source', connector: { name: source, options: {} } }]),
    vertex(1, [
      { id: 'count', kind: 'sum' },
      { id: 'table', kind: 'sink', connector: { name: sink, options: {}, guarantee } },
    ]),
  ])
const STAGED = manifest(ends('kafka', 'postgres', 'exactly-once'), TWO.subtasks)

test.each([
  [
    'another guarantee',
    ends('kafka', 'postgres', 'at-least-once'),
    'now postgres, at-least-once',
    '5 pieces',
  ],
  ['another connector', ends('kafka', 'file', 'exactly-once'), 'now file, exactly-once', '5 pieces'],
])(
  'when a sink of staged rows has %s now, then it is refused, because they would be lost',
  (_, to, what, why) => {
    expect(() => restoreOf(STAGED, to)).toThrow(
      expect.objectContaining({
        code: 'RT1208',
        what: expect.stringContaining(what),
        why: expect.stringContaining(why),
        where: 'job.ts:2',
      }),
    )
  },
)

test('when a sink has no staged rows in the checkpoint, then its connector and guarantee may change', () => {
  const bare = manifest(ends('kafka', 'postgres', 'exactly-once'), [
    snapshot(1, 0, [
      { operator: 'count', keyed: [keyed(0, 127)] },
      { operator: 'table', pieces: [] },
    ]),
  ])
  expect(restoreOf(bare, ends('kafka', 'postgres', 'at-least-once')).size).toBe(4)
  expect(restoreOf(bare, ends('kafka', 'print', 'at-least-once')).size).toBe(4)
})

test('when a source has another connector now, then it is refused: no other reads its positions', () => {
  expect(() => restoreOf(STAGED, ends('file', 'postgres', 'exactly-once'))).toThrow(
    expect.objectContaining({ code: 'RT1208', what: expect.stringContaining('was kafka') }),
  )
})

test('when a plan is to restore a checkpoint, then it learns the key groups of every stateful operator', () => {
  expect(maxParallelismsOf(TWO)).toEqual({ clicks: 128, count: 128, table: 128 })
})
