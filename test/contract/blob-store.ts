import { describe, expect, test } from 'vitest'
import { blobName } from '#src/checkpoint/blob-name.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { hashOf } from '#src/checkpoint/part-bytes.js'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'
import type { BlobName } from '#src/state/snapshot.js'

export const BYTES = new TextEncoder().encode('state of a subtask')

/** The name of a blob of `run1` unless said otherwise, checkpoint 3. */
export function nameOf(last: string, attempt = 1, run = 'run1'): BlobName {
  return blobName({
    run: run as RunId,
    attempt: attempt as Attempt,
    checkpoint: 3 as CheckpointId,
    name: last,
  })
}

/** What `make` gives: an empty store, as two nodes have it. */
export interface TwoNodes {
  readonly one: BlobStore
  readonly other: BlobStore
}

/** What every blob store must do, whatever keeps it. */
export function blobStoreContract(name: string, make: () => Promise<TwoNodes>): void {
  describe(name, () => {
    test('when a blob is put, then the same bytes come back, whole and in ranges', async () => {
      const { one, other } = await make()
      const part = await one.put(nameOf('a'), BYTES)
      expect(part).toEqual({
        blob: 'run1/1/3/a',
        offset: 0,
        bytes: BYTES.length,
        hash: hashOf(BYTES),
      })
      expect(new Uint8Array(await other.get(part))).toEqual(new Uint8Array(BYTES))
      const range = BYTES.subarray(9, 18)
      const inside = { ...part, offset: 9, bytes: 9, hash: hashOf(range) }
      expect(new Uint8Array(await other.get(inside))).toEqual(new Uint8Array(range))
    })

    test.each([0, 1, 131_072, 131_073, 1_000_000])(
      'when a blob has %i bytes, then all come back',
      async (size) => {
        const { one, other } = await make()
        const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) % 251)
        const part = await one.put(nameOf('large'), bytes)
        expect(Buffer.compare(await other.get(part), bytes)).toBe(0)
        const [from, to] = [Math.floor(size / 3), Math.floor((size * 2) / 3)]
        const range = bytes.subarray(from, to)
        const inside = { ...part, offset: from, bytes: range.length, hash: hashOf(range) }
        expect(Buffer.compare(await other.get(inside), range)).toBe(0)
        expect(await other.list('run1'), 'also an empty one').toEqual([nameOf('large')])
      },
    )

    test('when a blob comes in pieces, then it is the same blob', async () => {
      const { one, other } = await make()
      const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31 + (index >> 8)) % 251)
      const pieces = [0, 5, 5, 131_077, 1_200_000].map((from, index, starts) =>
        bytes.subarray(from, starts[index + 1]),
      )
      const part = await one.put(nameOf('pieces'), pieces)
      expect(part).toEqual({ blob: nameOf('pieces'), offset: 0, bytes: bytes.length, hash: hashOf(bytes) })
      expect(Buffer.compare(await other.get(part), bytes)).toBe(0)
      expect((await one.put(nameOf('none'), [])).hash).toBe(hashOf(new Uint8Array()))
    })

    test('when bytes are put, then they are the store’s: its caller may go on with the array', async () => {
      const { one, other } = await make()
      const bytes = Uint8Array.from(BYTES)
      const part = await one.put(nameOf('a'), bytes)
      bytes.fill(0)
      expect(new Uint8Array(await other.get(part))).toEqual(new Uint8Array(BYTES))
    })

    test('when a part is not what was written, then that is said: why, and what to do', async () => {
      const { one, other } = await make()
      const part = await one.put(nameOf('a'), BYTES)
      const refused = (why: string | RegExp) =>
        expect.objectContaining({ code: 'RT1203', why: expect.stringMatching(why) })
      await expect(other.get({ ...part, hash: '0'.repeat(64) })).rejects.toThrow(refused(/sha256/))
      await expect(other.get({ ...part, offset: 4 })).rejects.toThrow(refused('it ends after 18 bytes of 22'))
      await expect(other.get({ ...part, blob: nameOf('b') })).rejects.toThrow(refused('it is not there'))
    })

    test('when blobs are listed, then by run, attempt or checkpoint; when they are deleted twice, then nobody minds', async () => {
      const { one, other } = await make()
      expect(await one.list('run1')).toEqual([])
      await one.put(nameOf('a.b..c', 1), BYTES)
      await one.put(nameOf('b', 2), BYTES)
      await one.put(nameOf('b', 2, 'run12'), BYTES)
      expect((await other.list('run1')).toSorted()).toEqual(['run1/1/3/a.b..c', 'run1/2/3/b'])
      expect(await other.list('run1/2')).toEqual(['run1/2/3/b'])
      expect(await other.list('run1/2/3')).toEqual(['run1/2/3/b'])
      expect(await other.list('run9')).toEqual([])
      await one.delete([nameOf('a.b..c', 1)])
      await one.delete([nameOf('a.b..c', 1)])
      expect(await other.list('run1')).toEqual(['run1/2/3/b'])
      expect(await other.list('run12')).toEqual(['run12/2/3/b'])
    })

    test('when a blob was deleted, then it is not there, and who still writes beside it may', async () => {
      const { one, other } = await make()
      const gone = await one.put(nameOf('a'), BYTES)
      await other.delete([nameOf('a')])
      await expect(one.get(gone)).rejects.toThrow('it is not there')
      const part = await one.put(nameOf('late'), BYTES)
      expect(new Uint8Array(await other.get(part))).toEqual(new Uint8Array(BYTES))
    })

    test('when many are put at once, then each is what it was', async () => {
      const { one, other } = await make()
      const contents = Array.from({ length: 20 }, (_, index) => new Uint8Array(200_000).fill(index))
      const parts = await Promise.all(contents.map((bytes, index) => one.put(nameOf(`n${index}`), bytes)))
      for (const [index, part] of parts.entries()) {
        expect(Buffer.compare(await other.get(part), contents[index] ?? BYTES)).toBe(0)
      }
    })

    test.each([
      '../x',
      'run1/1/3',
      'run1/1/3/..',
      'run1/1/3/a/b',
      'run 1/1/3/a',
      'run1/-1/3/a',
      'run1/1/3/*',
    ])('when a name could leave the store (%s), then it is refused', async (bad) => {
      const { one } = await make()
      const named = bad as BlobName
      await expect(one.put(named, BYTES)).rejects.toThrow('leave its directory')
      await expect(one.get({ blob: named, offset: 0, bytes: 1, hash: '' })).rejects.toThrow('leave its')
      await expect(one.delete([named])).rejects.toThrow('leave its directory')
    })
  })
}
