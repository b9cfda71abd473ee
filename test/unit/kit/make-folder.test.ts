import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeFolder } from '#src/kit/make-folder.js'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'make-folder-'))
})
afterEach(() => rmSync(parent, { recursive: true }))

test('when folders above are missing, then they are made too, and all are told, outermost first', async () => {
  const [a, b, c] = [join(parent, 'a'), join(parent, 'a', 'b'), join(parent, 'a', 'b', 'c')]
  expect(await makeFolder(b)).toEqual([a, b])
  expect(await makeFolder(b)).toEqual([])
  expect(await makeFolder(c)).toEqual([c])
  expect(existsSync(c)).toBe(true)
})

test('when many make the same, then all succeed', async () => {
  const path = join(parent, 'a', 'b', 'c')
  await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)))
  expect(existsSync(path)).toBe(true)
})

test('when a file is there, or above, then it fails', async () => {
  writeFileSync(join(parent, 'file'), '')
  await expect(makeFolder(join(parent, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(makeFolder(join(parent, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' })
})

test.skipIf(process.platform !== 'linux')(
  'when the system says that nothing can be there, then it fails at once',
  async () => {
    await expect(makeFolder('/proc/a/b')).rejects.toMatchObject({ code: 'ENOENT' })
  },
)
