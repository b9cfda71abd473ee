import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '#src/kit/temporary-folder.js'

const MODULE = new URL('../../../dist/src/kit/temporary-folder.js', import.meta.url)
const before = process.env['TMPDIR']
let parent: string

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'retake-folders-'))
  process.env['TMPDIR'] = parent
})

afterEach(() => {
  if (before === undefined) delete process.env['TMPDIR']
  else process.env['TMPDIR'] = before
  rmSync(parent, { recursive: true, force: true })
})

test('when a folder is released, then it is gone with all that is in it', () => {
  const folder = temporaryFolder('some-')
  writeFileSync(join(folder.path, 'file'), '')
  folder.release()

  expect(readdirSync(parent)).toEqual([])
})

test('when its process ends by an error, then a folder goes with it', async () => {
  await child("throw new Error('on purpose')")

  expect(readdirSync(parent)).toEqual([])
})

test('when its process was killed, then a folder goes when the next one is made', async () => {
  await child("process.kill(process.pid, 'SIGKILL')")
  const [left] = readdirSync(parent)
  const next = temporaryFolder('some-')

  expect(left).toMatch(/^some-.*-\d+-/)
  expect(readdirSync(parent).map((name) => join(parent, name))).toEqual([next.path])
  next.release()
})

test('when others live, or are not known, then their folders stay', () => {
  const own = temporaryFolder('some-')
  const names = [
    `some-${hostname()}-${process.ppid}-abcdef`, // lives
    `some-${hostname()}x-999999999-abcdef`, // of another host
    `some-${hostname()}-999999999-abc-def`, // none of ours
    `other-${hostname()}-999999999-abcdef`, // of another prefix
  ]
  for (const name of names) mkdirSync(join(parent, name))
  temporaryFolder('some-').release()

  expect(existsSync(own.path)).toBe(true)
  expect(names.filter((name) => !existsSync(join(parent, name)))).toEqual([])
  own.release()
})

/** A process that makes a folder, and then ends as `end` has it. */
async function child(end: string): Promise<void> {
  const code = `import { temporaryFolder } from '${MODULE.href}'\ntemporaryFolder('some-')\n${end}`
  const started = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' })
  await once(started, 'exit')
}
