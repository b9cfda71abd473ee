import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SubtaskBlobs } from '#src/checkpoint/blob-writer.js'
import { DirectoryBlobStore } from '#src/checkpoint/directory-blob-store.js'
import { type Files, nodeFiles } from '#src/checkpoint/files.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, RunId, SubtaskId } from '#src/kit/ids.js'
import { blobStoreContract, BYTES as bytes, nameOf as name } from './blob-store.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retake-blobs-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

blobStoreContract('a blob store in a directory', async () => ({
  one: new DirectoryBlobStore(directory),
  other: new DirectoryBlobStore(directory),
}))

test('when bytes have changed, are cut off, or are gone, then that is said: where, why, what to do', async () => {
  const store = new DirectoryBlobStore(directory)
  const path = join(directory, 'run1/1/3/a')
  const part = await store.put(name('a'), bytes)
  await writeFile(path, new TextEncoder().encode('state of A subtask'))
  await expect(store.get(part)).rejects.toThrow(
    expect.objectContaining({ code: 'RT1203', where: path, why: expect.stringContaining('sha256') }),
  )
  await truncate(path, 4)
  await expect(store.get(part)).rejects.toThrow(
    expect.objectContaining({ code: 'RT1203', why: 'it ends after 4 bytes of 18' }),
  )
  await rm(path)
  await expect(store.get(part)).rejects.toThrow(
    expect.objectContaining({ code: 'RT1203', why: 'it is not there' }),
  )
})

test('when the disk is full, then the put fails with a remedy, and what was there is untouched', async () => {
  const full: Files = {
    ...nodeFiles,
    async write(path, pieces) {
      const [first] = pieces
      await nodeFiles.write(path, [first!.subarray(0, 4)])
      throw new RetakeError('RT1301', { what: 'no space', why: 'full', fix: 'make room' })
    },
  }
  const before = await new DirectoryBlobStore(directory).put(name('a'), bytes)
  const store = new DirectoryBlobStore(directory, full)
  await expect(store.put(name('b'), bytes)).rejects.toThrow(expect.objectContaining({ code: 'RT1301' }))
  expect(await store.get(before)).toEqual(new Uint8Array(bytes))
  expect(await store.list('run1')).toEqual(['run1/1/3/a'])
})

test.runIf(process.platform === 'linux')(
  'when the system says ENOSPC, then that is the error of the catalogue',
  async () => {
    await expect(nodeFiles.write('/dev/full', [bytes])).rejects.toThrow(
      expect.objectContaining({ code: 'RT1301' }),
    )
  },
)

test('when a crash leaves an unfinished blob, then nobody takes it for a whole one', async () => {
  const crashed: Files = {
    ...nodeFiles,
    rename: () => Promise.reject(new Error('crash')),
    remove: async () => {},
  }
  await expect(new DirectoryBlobStore(directory, crashed).put(name('a'), bytes)).rejects.toThrow('crash')
  const store = new DirectoryBlobStore(directory)
  await expect(store.get({ blob: name('a'), offset: 0, bytes: 1, hash: '' })).rejects.toThrow('not there')
  await store.delete(await store.list('run1'))
  await expect(readFile(join(directory, 'run1/1/3/a.tmp'))).rejects.toThrow('ENOENT')
})

test('when a subtask writes parts, then each has a name of its own, whatever it is called', async () => {
  const blobs = new SubtaskBlobs(new DirectoryBlobStore(directory))
  const scope = { run: 'run1' as RunId, attempt: 1 as Attempt, subtask: '1-0' as SubtaskId }
  const writer = blobs.writer({ ...scope, checkpoint: 3 as CheckpointId })
  const names = [
    await writer.put('../évil name', bytes),
    await writer.put('../évil name', bytes),
    await blobs.writer({ ...scope, checkpoint: 4 as CheckpointId }).put('table', bytes),
  ].map(({ blob }) => blob)
  expect(names).toEqual([
    'run1/1/3/1-0.0.____vil_name',
    'run1/1/3/1-0.1.____vil_name',
    'run1/1/4/1-0.2.table',
  ])
})

test('when the last blob of a checkpoint is deleted, then its directory goes, and who still writes there may', async () => {
  const store = new DirectoryBlobStore(directory)
  await store.put(name('a'), bytes)
  await store.put(name('b'), bytes)
  await store.delete([name('a')])
  expect(await readdir(join(directory, 'run1/1'))).toEqual(['3'])
  await store.delete([name('b')])
  expect(await readdir(join(directory, 'run1/1'))).toEqual([])
  const part = await store.put(name('late'), bytes)
  expect(await store.get(part)).toEqual(new Uint8Array(bytes))
})

test('when a blob is put, then every directory above it is durable, whoever made it', async () => {
  await new DirectoryBlobStore(directory).put(name('a'), bytes)
  const synced: string[] = []
  const watching: Files = {
    ...nodeFiles,
    syncDirectory(path) {
      synced.push(relative(directory, path))
      return nodeFiles.syncDirectory(path)
    },
  }
  const store = new DirectoryBlobStore(directory, watching)
  await store.put(name('b'), bytes)
  expect(synced).toEqual(['..', '', 'run1', 'run1/1', 'run1/1/3'])
  await store.put(name('c'), bytes)
  expect(synced.slice(5), 'once').toEqual(['run1/1/3'])
})
