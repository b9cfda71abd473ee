import { expect, test } from 'vitest'
import { StagedPieces, type UncodedPiece } from '#src/connector/staged-pieces.js'
import type { CheckpointId, RunId } from '#src/kit/ids.js'
import type { Capture, Piece } from '#src/state/snapshot.js'
import { HeldBlobs } from '../../support/held-blobs.js'

const KB = 1024

test('when a barrier comes, then every piece is named by it and numbered, and its bytes come back', async () => {
  const { pieces, blobs } = staging()
  pieces.add(whole(bytes('first')))
  pieces.add(whole(bytes('second')))
  const taken = await uploaded(pieces.capture(id(4), last('third')), blobs)

  expect(names(taken)).toEqual(['4/0', '4/1', '4/2'])
  expect(taken.map(({ owner, run }) => `${owner} ${run}`)).toEqual(['3 run', '3 run', '3 run'])
  expect(await contents(taken, blobs)).toEqual(['first', 'second', 'third'])
  expect(blobs.puts).toHaveLength(1)
})

test('when a checkpoint is aborted, then the next one names its pieces as they were, and stores them once', async () => {
  const { pieces, blobs } = staging()
  const aborted = await uploaded(pieces.capture(id(1), last('a')), blobs)
  pieces.add(whole(bytes('b')))
  const taken = await uploaded(pieces.capture(id(3), last('c')), blobs)

  expect(names(taken)).toEqual(['1/0', '3/0', '3/1'])
  expect(taken[0]).toEqual(aborted[0])
  expect(blobs.puts).toHaveLength(2)
})

test('when the capture of an aborted checkpoint was never encoded, then its rows are in the next one', async () => {
  const { pieces, blobs } = staging()
  pieces.capture(id(1), last('a'))
  const taken = await uploaded(pieces.capture(id(2), last('b')), blobs)
  expect(names(taken)).toEqual(['1/0', '2/0'])
  expect(await contents(taken, blobs)).toEqual(['a', 'b'])
})

test('when a checkpoint is complete, then it and lower ones are decided, oldest first, and no more', async () => {
  const { pieces, blobs } = staging()
  await uploaded(pieces.capture(id(1), last('a')), blobs)
  await uploaded(pieces.capture(id(2), last('b')), blobs)
  await uploaded(pieces.capture(id(3), last('c')), blobs)
  expect(pieces.oldestDecided).toBeUndefined()

  pieces.decide(id(2))
  pieces.decide(id(1))

  expect(await committed(pieces)).toEqual(['1/0 a', '2/0 b'])
  expect(pieces.isEmpty).toBe(false)
  expect(pieces.decidedBytes).toBe(0)
})

test('when pieces are confirmed, then later snapshots no longer name them', async () => {
  const { pieces, blobs } = staging()
  await uploaded(pieces.capture(id(1), last('a')), blobs)
  pieces.decide(id(1))
  await committed(pieces)
  expect(names(await uploaded(pieces.capture(id(2), last('b')), blobs))).toEqual(['2/0'])
})

test('when staged bytes fill half of the memory, then they go to the store before any barrier, and leave the memory', async () => {
  const { pieces, blobs } = staging({ memoryBytesMax: 10 * KB })
  for (let i = 0; i < 100; i++) {
    pieces.add(whole(new Uint8Array(KB).fill(i)))
    await settled()
    expect(pieces.memoryBytes).toBeLessThan(10 * KB)
  }
  expect(blobs.bytes).toBeGreaterThan(90 * KB)

  const taken = await uploaded(pieces.capture(id(1)), blobs)
  expect(taken).toHaveLength(100)
  expect(blobs.bytes).toBe(100 * KB)
  pieces.decide(id(1))
  for (let i = 0; i < 100; i++) {
    expect((await pieces.bytesOfOldest())[0]).toBe(i)
    pieces.confirmOldest()
  }
  expect(pieces.memoryBytes).toBe(0)
})

test('when the store is slow, then there is no room until it has answered', async () => {
  const { pieces, blobs, rooms } = staging({ memoryBytesMax: 4 * KB })
  blobs.hold()
  for (let i = 0; i < 4; i++) pieces.add(whole(new Uint8Array(KB)))
  await settled()
  expect(pieces.memoryBytes).toBe(4 * KB)
  expect(rooms.count).toBe(0)

  blobs.release()
  await settled()
  expect(pieces.memoryBytes).toBeLessThan(4 * KB)
  expect(rooms.count).toBeGreaterThan(0)
})

test('when two snapshots are uploaded at once, then a piece of both is stored once', async () => {
  const { pieces, blobs } = staging()
  blobs.hold()
  const first = uploaded(pieces.capture(id(1), last('a')), blobs)
  const second = uploaded(pieces.capture(id(2), last('b')), blobs)
  blobs.release()
  expect((await second)[0]).toEqual((await first)[0])
  expect(blobs.puts.map((put) => put.bytes)).toEqual([1, 1])
})

test('when an upload fails, then the next snapshot stores the same pieces again', async () => {
  const { pieces, blobs } = staging()
  blobs.failure = new Error('the disk is full')
  await expect(uploaded(pieces.capture(id(1), last('a')), blobs)).rejects.toThrow('the disk is full')
  blobs.failure = undefined
  const taken = await uploaded(pieces.capture(id(2)), blobs)
  expect(names(taken)).toEqual(['1/0'])
  expect(await contents(taken, blobs)).toEqual(['a'])
})

test('when storing ahead of the barrier fails, then the sink is told', async () => {
  const { pieces, blobs, failures } = staging({ memoryBytesMax: 2 * KB })
  blobs.failure = new Error('the disk is full')
  pieces.add(whole(new Uint8Array(KB)))
  await settled()
  expect(failures).toEqual([blobs.failure])
})

test('when rows come after the barrier, then its capture does not show them', async () => {
  const { pieces, blobs } = staging()
  const capture = pieces.capture(id(1), last('a'))
  pieces.add(whole(bytes('b')))
  expect(names(await uploaded(capture, blobs))).toEqual(['1/0'])
})

function staging({ memoryBytesMax = 1024 * KB } = {}) {
  const blobs = new HeldBlobs()
  const rooms = { count: 0 }
  const failures: unknown[] = []
  const pieces = new StagedPieces({
    run: 'run' as RunId,
    owner: 3,
    blobs,
    memoryBytesMax,
    onRoom: () => {
      rooms.count++
    },
    onFailure: (error) => failures.push(error),
  })
  return { pieces, blobs, rooms, failures }
}

async function uploaded(capture: Capture, blobs: HeldBlobs): Promise<readonly Piece[]> {
  while (!capture.slice()) {
    // encode on
  }
  return (await capture.upload(blobs)).pieces ?? []
}

async function committed(pieces: StagedPieces): Promise<string[]> {
  const done: string[] = []
  for (let name = pieces.oldestDecided; name !== undefined; name = pieces.oldestDecided) {
    done.push(`${name.checkpoint}/${name.number} ${Buffer.from(await pieces.bytesOfOldest())}`)
    pieces.confirmOldest()
  }
  return done
}

function contents(pieces: readonly Piece[], blobs: HeldBlobs): Promise<string[]> {
  return Promise.all(pieces.map(async ({ part }) => Buffer.from(await blobs.get(part)).toString()))
}

function names(pieces: readonly Piece[]): string[] {
  return pieces.map(({ checkpoint, number }) => `${checkpoint}/${number}`)
}

function last(text: string): readonly UncodedPiece[] {
  return [{ size: 100, encode: () => bytes(text) }]
}

function whole(contents: Uint8Array): readonly UncodedPiece[] {
  return [{ size: contents.length, encode: () => contents }]
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function id(number: number): CheckpointId {
  return number as CheckpointId
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
