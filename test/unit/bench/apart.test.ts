import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PROJECT } from '../../support/project.js'

/** The build: a process of its own cannot run from source. */
const APART = pathToFileURL(join(PROJECT, 'dist/bench/suite/apart.js')).href
const { apart } = (await import(APART)) as typeof import('../../../bench/suite/apart.js')

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-apart-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('when a module measures, then in a process of its own, with its input, and its memory is told', async () => {
  const sample = await apart(
    moduleOf('({ count }) => ({ count, seconds: 1, figures: { pid: process.pid } })'),
    { count: 7 },
  )

  expect(sample).toMatchObject({ count: 7, seconds: 1 })
  expect(sample.figures?.['pid']).not.toBe(process.pid)
  expect(sample.rssBytes).toBeGreaterThan(10_000_000)
})

test('when it tells its memory itself, then that is what is told', async () => {
  expect(await apart(moduleOf('() => ({ count: 1, seconds: 1, rssBytes: 5 })'), null)).toMatchObject({
    rssBytes: 5,
  })
})

test('when it throws, then so does the run, with its words', async () => {
  const failing = moduleOf('() => { throw new Error("out of luck") }')

  await expect(apart(failing, null)).rejects.toThrow('out of luck')
})

test('when its process dies, then that is an error with the signal', async () => {
  const dying = moduleOf('() => { process.kill(process.pid, "SIGKILL"); return new Promise(() => {}) }')

  await expect(apart(dying, null)).rejects.toThrow(/ended without a sample \(SIGKILL\)/)
})

test('when arguments for Node are given, then it has them', async () => {
  const asked = moduleOf('() => ({ count: typeof gc === "function" ? 1 : 2, seconds: 1 })')

  expect(await apart(asked, null, ['--expose-gc'])).toMatchObject({ count: 1 })
})

/** As benchmarks are: it imports what runs it. */
function moduleOf(measure: string): string {
  const file = join(folder, 'measured.mjs')
  writeFileSync(
    file,
    `import ${JSON.stringify(APART)}\nexport const measure = async (input) => (${measure})(input)`,
  )
  return pathToFileURL(file).href
}
