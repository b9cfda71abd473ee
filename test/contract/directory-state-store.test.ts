import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Files, nodeFiles } from '#src/checkpoint/files.js'
import { DirectoryStateStore } from '#src/cluster/directory-state-store.js'
import { tryStateStore } from '#src/cluster/open-state-store.js'
import { systemClock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { entriesOf, STARTED } from '../unit/cluster/fixtures.js'
import { documentsContract } from './documents.js'
import { holderOf, written } from './lease-store.js'
import { stateStoreContract } from './state-store.js'

const directories: string[] = []

afterEach(async () => {
  for (const made of directories.splice(0)) await rm(made, { recursive: true, force: true })
})

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'retake-state-'))
  directories.push(made)
  return made
}

async function twoNodes() {
  const directory = await folder()
  return { one: new DirectoryStateStore({ directory }), other: new DirectoryStateStore({ directory }) }
}

stateStoreContract('a state store in a directory', twoNodes)

documentsContract('the documents of a directory', async () => {
  const { one, other } = await twoNodes()
  return { one: one.documents, other: other.documents }
})

test('when a writer crashes before its document has its name, then it is not there, and goes with its folder', async () => {
  const directory = await folder()
  const crashed: Files = {
    ...nodeFiles,
    rename: () => Promise.reject(new Error('crash')),
    remove: async () => {},
  }
  const { documents } = new DirectoryStateStore({ directory, files: crashed })
  await expect(documents.put('runs/run1/run.json', new Uint8Array(3))).rejects.toThrow('crash')
  const store = new DirectoryStateStore({ directory })
  expect(await store.documents.list('runs')).toEqual([])
  expect(await readdir(join(directory, 'runs', 'run1'))).toHaveLength(1)
  await store.documents.put('runs/run1/run.json', new Uint8Array(3))
  await store.documents.delete('runs/run1/run.json')
  expect(await readdir(join(directory, 'runs'))).toEqual([])
})

test('when a directory is tried, then nothing stays in it but a folder; when it cannot be written, then that is said', async () => {
  const directory = await folder()
  const world = { name: 'test', clock: systemClock, random: systemRandom, logger: silentLogger }
  const tried = (path: string) => tryStateStore({ kind: 'directory', directory: path }, 'task-manager', world)
  expect(await Promise.all([tried(directory), tried(directory)])).toEqual([[], []])
  expect(await readdir(directory, { recursive: true })).toEqual(['trials'])
  await writeFile(join(directory, 'file'), '')
  await expect(tried(join(directory, 'file'))).rejects.toMatchObject({ code: 'RT1302' })
})

test('when a document is put, then its bytes, its name and its folder are durable before that is said', async () => {
  const directory = await folder()
  const done: string[] = []
  const watching: Files = {
    ...nodeFiles,
    async createDirectory(path) {
      await nodeFiles.createDirectory(path)
      done.push(`made ${path}`)
    },
    async write(path, bytes) {
      await nodeFiles.write(path, bytes)
      done.push('written')
    },
    async rename(from, to) {
      await nodeFiles.rename(from, to)
      done.push('named')
    },
    async syncDirectory(path) {
      await nodeFiles.syncDirectory(path)
      done.push(`synced ${path}`)
    },
  }
  const runs = join(directory, 'runs', 'run1')
  await new DirectoryStateStore({ directory, files: watching }).documents.put(
    'runs/run1/run.json',
    new Uint8Array(1),
  )
  expect(done).toEqual([`made ${runs}`, 'written', 'named', `synced ${runs}`])
})

test('when the lease is written, then it stands in a folder of its own', async () => {
  const directory = await folder()
  const store = new DirectoryStateStore({ directory })
  await written(store.lease, holderOf('jm-1'), 0)
  expect(await readdir(join(directory, 'lease'))).toEqual(['000000000001.json'])
})

test('when the last document of a run is deleted, then its log stays', async () => {
  const store = (await twoNodes()).one
  const log = store.log('run1' as RunId)
  for (const entry of entriesOf(...STARTED)) await log.append(entry)
  await store.documents.put('runs/run1/run.json', new Uint8Array(1))
  expect(await store.documents.list('runs')).toEqual(['runs/run1/run.json'])
  await store.documents.delete('runs/run1/run.json')
  expect(await log.read()).toHaveLength(5)
})
