import { expect, test } from 'vitest'
import { isFinal, manifestOf } from '#src/checkpoint/manifest.js'
import { decodeManifest, encodeManifest } from '#src/checkpoint/manifest-codec.js'
import { adoptManifest, loadManifest, storeManifest } from '#src/checkpoint/manifest-store.js'
import { restoreOf } from '#src/checkpoint/restore.js'
import { blobsOf } from '#src/checkpoint/retention.js'
import type { RunId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import type { BlobName, Part } from '#src/state/snapshot.js'
import {
  attempt,
  checkpoint,
  clickCount,
  MemoryBlobs,
  operatorId,
  part,
  piece,
  run,
  snapshot,
  split,
} from './fixtures.js'

const HEAD = {
  run,
  plan: clickCount(2),
  checkpoint: checkpoint(7),
  attempt: attempt(1),
  triggeredAt: 1,
  completedAt: 2,
}
const MANIFEST = manifestOf(
  HEAD,
  [{ source: operatorId('clicks'), splits: [split(0, { next: '12' })] }],
  [
    snapshot(0, 0, [{ operator: 'clicks', splits: [split(0, { next: '34' })] }]),
    snapshot(1, 0, [
      { operator: 'count', keyed: [{ firstGroup: 0, lastGroup: 127, part: part('run1/1/7/state', 40) }] },
      { operator: 'table', pieces: [piece(0, 7)] },
    ]),
  ],
)

test('when a manifest is written and read, then it says the same, and sums its parts', () => {
  expect(decodeManifest(encodeManifest(MANIFEST), 'here')).toEqual(MANIFEST)
  expect(MANIFEST.bytes).toBe(43)
  expect(MANIFEST.vertices[1]?.operators).toEqual([
    { id: 'count', kind: 'sum' },
    { id: 'table', kind: 'sink' },
  ])
})

const text = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

test.each([
  ['RT1201', 'manifest format 9', { ...MANIFEST, format: 9 }],
  ['RT1202', 'not JSON', '{"format":1'],
  ['RT1202', 'manifest is not', []],
  ['RT1202', 'manifest.run is not', { ...MANIFEST, run: '../../etc' }],
  [
    'RT1202',
    'manifest.vertices[1].maxParallelism is not',
    { ...MANIFEST, vertices: [MANIFEST.vertices[0], { ...MANIFEST.vertices[1], maxParallelism: 0 }] },
  ],
  [
    'RT1202',
    'manifest.subtasks[0].ended is not',
    { ...MANIFEST, subtasks: [{ ...MANIFEST.subtasks[0], ended: 1 }] },
  ],
  [
    'RT1202',
    'manifest.subtasks[0].operators[0].pieces[0].part.blob is not',
    {
      ...MANIFEST,
      subtasks: [snapshot(0, 0, [{ operator: 'table', pieces: [piece(0, 7, 0, 'run1/1/7/../../../x')] }])],
    },
  ],
])('when bytes are no manifest (%s), then the fault is named: %s', (code, fault, value) => {
  expect(() => decodeManifest(text(value), 'the file')).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(fault), where: 'the file' }),
  )
})

test('when every subtask had ended, then the checkpoint is final; an empty one never is', () => {
  expect(isFinal({ subtasks: [snapshot(0, 0, [], true), snapshot(1, 0, [], true)] })).toBe(true)
  expect(isFinal({ subtasks: [snapshot(0, 0, [], true), snapshot(1, 0, [], false)] })).toBe(false)
  expect(isFinal({ subtasks: [] })).toBe(false)
})

test('when a run starts from the checkpoint of another, then it has copies of its own, verified on the way', async () => {
  const [from, to] = [new MemoryBlobs(), new MemoryBlobs()]
  const whole = await from.put('run1/1/7/shared' as BlobName, new Uint8Array([1, 2, 3, 4, 5]))
  const range = (offset: number, bytes: number): Part => ({ ...whole, offset, bytes })
  const pieces = [
    { ...piece(0, 7), part: range(0, 2) },
    { ...piece(0, 7, 1), part: range(2, 3) },
  ]
  const origin = manifestOf(HEAD, [], [snapshot(1, 0, [{ operator: 'table', pieces }])])
  const adopted = await adoptManifest(origin, from, to, 'run2' as RunId)

  expect(adopted).toMatchObject({ run: 'run2', attempt: 0, checkpoint: 7 })
  expect([...blobsOf(adopted)]).toEqual(['run2/0/7/adopted.0'])
  expect([...to.blobs]).toEqual([['run2/0/7/adopted.0', new Uint8Array([1, 2, 3, 4, 5])]])
  const restored = adopted.subtasks[0]?.operators[0]?.pieces
  expect(restored?.map(({ run, owner, checkpoint, number }) => [run, owner, checkpoint, number])).toEqual([
    ['run1', 0, 7, 0],
    ['run1', 0, 7, 1],
  ])
  expect(restored?.map(({ part }) => [part.offset, part.bytes])).toEqual([
    [0, 2],
    [2, 3],
  ])

  await from.delete([whole.blob])
  await expect(adoptManifest(origin, from, to, 'run3' as RunId)).rejects.toThrow(
    expect.objectContaining({ code: 'RT1203' }),
  )
})

test('when a manifest is stored, then no two share a name, and what is read can be restored', async () => {
  const blobs = new MemoryBlobs()
  const random = seededRandom(1)
  const [one, other] = [
    await storeManifest(blobs, MANIFEST, random),
    await storeManifest(blobs, MANIFEST, random),
  ]
  expect(one.blob).not.toBe(other.blob)
  expect(restoreOf(await loadManifest(blobs, one), clickCount(2)).size).toBe(4)
})
