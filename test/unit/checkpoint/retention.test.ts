import { expect, test } from 'vitest'
import { RetainedBlobs } from '#src/checkpoint/retained-blobs.js'
import { leftoversOf, releasedBy } from '#src/checkpoint/retention.js'
import type { BlobName } from '#src/state/snapshot.js'
import { attempt, checkpoint, part, piece, snapshot } from './fixtures.js'

const ids = (...numbers: number[]) => numbers.map(checkpoint)
const state = (id: number) => ({
  operator: 'count',
  keyed: [{ firstGroup: 0, lastGroup: 9, part: part(`run1/1/${id}/state`) }],
})
const staged = (...from: number[]) => ({ operator: 'table', pieces: from.map((id) => piece(0, id)) })
const content = (id: number, ...from: number[]) => ({
  subtasks: [snapshot(1, 0, [state(id), staged(...from)])],
})
const manifest = (id: number) => part(`run1/1/${id}/manifest`)

test('when more are retained than asked for, then the oldest go, and never the newest', () => {
  expect(releasedBy(ids(1, 2, 3, 4), 3)).toEqual([1])
  expect(releasedBy(ids(1, 2), 3)).toEqual([])
  expect(releasedBy(ids(1, 2), 0)).toEqual([1])
})

test('when a checkpoint is released, then what only it names goes, its manifest too', () => {
  const blobs = new RetainedBlobs()
  blobs.retain(checkpoint(1), manifest(1), content(1, 1))
  blobs.retain(checkpoint(2), manifest(2), content(2, 1, 2))
  expect(blobs.takeGarbage([])).toEqual([])
  blobs.release(checkpoint(1))
  expect(blobs.takeGarbage([])).toEqual(['run1/1/1/state', 'run1/1/1/manifest'])
  expect(blobs.takeGarbage([]), 'once').toEqual([])
  blobs.retain(checkpoint(3), manifest(3), content(3, 3))
  blobs.release(checkpoint(2))
  expect(blobs.takeGarbage([])).toEqual(
    expect.arrayContaining([
      'run1/1/1/piece-0-0',
      'run1/1/2/piece-0-0',
      'run1/1/2/state',
      'run1/1/2/manifest',
    ]),
  )
})

test('when a checkpoint is aborted, then its staged rows stay until a higher one is complete', () => {
  const blobs = new RetainedBlobs()
  blobs.retain(checkpoint(1), manifest(1), content(1))
  blobs.abort(checkpoint(2), content(2, 2).subtasks)
  expect(blobs.takeGarbage([])).toEqual([])
  blobs.retain(checkpoint(3), manifest(3), content(3, 2, 3))
  expect(blobs.takeGarbage([]), 'the rows went into checkpoint 3').toEqual(['run1/1/2/state'])
  blobs.retain(checkpoint(4), manifest(4), content(4))
  blobs.release(checkpoint(1))
  blobs.release(checkpoint(3))
  expect(blobs.takeGarbage([])).toContain('run1/1/2/piece-0-0')
})

test('when a pending checkpoint names a blob, then it stays', () => {
  const blobs = new RetainedBlobs()
  blobs.retain(checkpoint(1), manifest(1), content(1, 1))
  blobs.retain(checkpoint(2), manifest(2), content(2))
  blobs.release(checkpoint(1))
  expect(blobs.takeGarbage(content(3, 1).subtasks)).not.toContain('run1/1/1/piece-0-0')
  expect(blobs.takeGarbage([])).toEqual(['run1/1/1/piece-0-0'])
})

test('when a retained manifest has not been read, then nothing goes: it might name anything', () => {
  const blobs = new RetainedBlobs()
  blobs.retain(checkpoint(1), manifest(1), content(1))
  blobs.retain(checkpoint(2), manifest(2), undefined)
  blobs.release(checkpoint(1))
  expect(blobs.unknown()).toEqual([2])
  expect(blobs.takeGarbage([])).toEqual([])
  blobs.retain(checkpoint(2), manifest(2), content(2, 1))
  expect(blobs.takeGarbage([])).toEqual(['run1/1/1/state', 'run1/1/1/manifest'])
})

test('when an attempt begins, then earlier ones are swept of what no retained checkpoint names', () => {
  const all = ['run1/1/5/state', 'run1/1/6/state', 'run1/1/6/zombie', 'run1/2/7/state'] as BlobName[]
  expect(leftoversOf(all, attempt(2), [new Set(['run1/1/6/state' as BlobName])])).toEqual([
    'run1/1/5/state',
    'run1/1/6/zombie',
  ])
})
