import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BundleCache, bundleDocuments } from '#src/cluster/bundle-cache.js'
import { DirectoryDocuments } from '#src/cluster/directory-documents.js'
import type { Documents } from '#src/cluster/state-store.js'

const CODE = 'export default 1\n//# sourceMappingURL=bundle.mjs.map'
const HASH = createHash('sha256').update(CODE).digest('hex')
const bytesOf = (text: string) => new TextEncoder().encode(text)

let directory: string
let documents: Documents
let fetched: string[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retake-bundles-'))
  const kept = new DirectoryDocuments(join(directory, 'state'))
  await kept.put(bundleDocuments(HASH).code, bytesOf(CODE))
  await kept.put(bundleDocuments(HASH).map, bytesOf('{}'))
  fetched = []
  documents = {
    put: (name, bytes) => kept.put(name, bytes),
    list: (folder) => kept.list(folder),
    delete: (name) => kept.delete(name),
    get(name) {
      fetched.push(name)
      return kept.get(name)
    },
  }
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const open = () => new BundleCache({ directory: join(directory, 'cache'), documents })

test('when a bundle is asked for, then it is fetched once, with its map beside it', async () => {
  const path = await open().path(HASH)
  expect(path).toBe(join(directory, 'cache', HASH, 'bundle.mjs'))
  expect(await readFile(path, 'utf8')).toBe(CODE)
  expect(await readFile(`${path}.map`, 'utf8')).toBe('{}')
  expect(await open().path(HASH)).toBe(path)
  expect(fetched).toHaveLength(2)
})

test('when many ask for it at once, then each gets it whole, and nothing else stays', async () => {
  const paths = await Promise.all(Array.from({ length: 20 }, () => open().path(HASH)))
  expect(new Set(paths)).toEqual(new Set([join(directory, 'cache', HASH, 'bundle.mjs')]))
  expect(await readdir(join(directory, 'cache'))).toEqual([HASH])
  expect((await readdir(join(directory, 'cache', HASH))).toSorted()).toEqual(['bundle.mjs', 'bundle.mjs.map'])
})

test('when the copy on this machine is damaged, then it is fetched again', async () => {
  const path = await open().path(HASH)
  await writeFile(path, 'export default 2')
  expect(await readFile(await open().path(HASH), 'utf8')).toBe(CODE)
})

test('when the store holds another or none, then the error says which, and what to do', async () => {
  const { code } = bundleDocuments(HASH)
  await documents.put(code, bytesOf('export default 2'))
  await expect(open().path(HASH)).rejects.toThrow(
    expect.objectContaining({ code: 'RT1109', where: code, why: expect.stringContaining('sha256') }),
  )
  await documents.delete(code)
  await expect(open().path(HASH)).rejects.toThrow(
    expect.objectContaining({ code: 'RT1109', where: code, why: `the state store has no ${code}` }),
  )
})
