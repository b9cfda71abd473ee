import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Files, nodeFiles } from '#src/checkpoint/files.js'
import { DirectoryLease } from '#src/cluster/directory-lease.js'
import { holderOf, leaseStoreContract, written } from './lease-store.js'

const directories: string[] = []

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'retake-lease-'))
  directories.push(made)
  return join(made, 'lease')
}

afterEach(async () => {
  for (const made of directories.splice(0)) await rm(made, { recursive: true, force: true })
})

leaseStoreContract('a lease in a directory', async () => {
  const path = await directory()
  return { one: new DirectoryLease(path), other: new DirectoryLease(path) }
})

/** Node's files; `sleep` passes before each `step`. */
function sleepingBefore(step: 'write' | 'link', sleep: () => Promise<unknown>): Files {
  return {
    ...nodeFiles,
    async write(path, bytes) {
      if (step === 'write') await sleep()
      return nodeFiles.write(path, bytes)
    },
    async link(from, to) {
      if (step === 'link') await sleep()
      return nodeFiles.link(from, to)
    },
  }
}

test('when a writer sleeps until its number is free again, then it has lost, and nobody reads what it wrote', async () => {
  const path = await directory()
  const quick = new DirectoryLease(path)
  let revision = await written(quick, holderOf('jm-1'), 0)
  const late = new DirectoryLease(
    path,
    sleepingBefore('write', async () => {
      for (let round = 0; round < 3; round++) revision = await written(quick, holderOf('jm-1'), revision)
    }),
  )
  expect(await late.write(holderOf('late'), revision)).toBe('taken')
  expect(await quick.read()).toEqual({ revision: 4, holder: holderOf('jm-1') })
})

test('when its unfinished file is taken for what a crash has left, then a writer makes it again', async () => {
  const path = await directory()
  let links = 0
  const swept = sleepingBefore('link', async () => {
    const names = await readdir(path)
    if (++links === 1) for (const name of names) await rm(join(path, name))
  })
  const lease = new DirectoryLease(path, swept)
  expect(await lease.write(holderOf('jm-1'), 0)).toBe(1)
  expect(links).toBe(2)
  expect((await lease.read())?.holder).toEqual(holderOf('jm-1'))
})

test('when the lease is renewed for long, also after crashes, then the directory holds one file', async () => {
  const path = await directory()
  const lease = new DirectoryLease(path)
  let revision = await written(lease, holderOf('jm-1'), 0)
  const crashing = new DirectoryLease(
    path,
    sleepingBefore('link', () => Promise.reject(new Error('crash'))),
  )
  await expect(crashing.write(holderOf('jm-2'), revision)).rejects.toThrow('crash')
  for (let round = 0; round < 10; round++) revision = await written(lease, holderOf('jm-1'), revision)
  expect(await readdir(path)).toEqual(['000000000011.json'])
})

test('when the lease is written, then its bytes and its name are durable before that is said', async () => {
  const path = await directory()
  const done: string[] = []
  const watching: Files = {
    ...nodeFiles,
    async write(file, bytes) {
      await nodeFiles.write(file, bytes)
      done.push('written')
    },
    async link(from, to) {
      const answer = await nodeFiles.link(from, to)
      done.push('named')
      return answer
    },
    async syncDirectory(of) {
      await nodeFiles.syncDirectory(of)
      done.push(`synced ${of}`)
    },
  }
  await written(new DirectoryLease(path, watching), holderOf('jm-1'), 0)
  expect(done).toEqual(['written', 'named', `synced ${path}`])
})

test.each(['', 'me', 'null', '{"node":"n"}'])(
  'when its file says of nobody that he holds it (%j), then nobody does, and the next one takes it',
  async (content) => {
    const path = await directory()
    const lease = new DirectoryLease(path)
    await written(lease, holderOf('jm-1'), 0)
    await writeFile(join(path, '000000000001.json'), content)
    expect(await lease.read()).toMatchObject({ revision: 1, holder: { isReleased: true } })
    expect(await lease.write(holderOf('jm-2'), 1)).toBe(2)
  },
)
