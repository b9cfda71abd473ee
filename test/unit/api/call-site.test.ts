import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { callSite } from '#src/api/call-site.js'
import { mustRun } from '../../support/command.js'
import { PROJECT } from '../../support/project.js'

const folder = mkdtempSync(join(tmpdir(), 'retake a (b) #é '))
afterAll(() => rmSync(folder, { recursive: true }))

test('when it is called directly, in a named function or after an await, then it is the line of the call', async () => {
  const file = join(folder, 'job.mjs')
  const module = pathToFileURL(join(PROJECT, 'dist', 'src', 'api', 'call-site.js')).href
  writeFileSync(
    file,
    `import { callSite } from ${JSON.stringify(module)}
function method() { return callSite(method) }
function named() {
  return method()
}
const later = async () => {
  await 0
  return method()
}
console.log(JSON.stringify([method(), named(), await later(), new (class A { b() { return method() } })().b()]))
`,
  )
  const places = JSON.parse(await mustRun(process.execPath, [file]))
  expect(places).toEqual([10, 4, 8, 10].map((line) => `${file}:${line}`))
})

test('when traces are switched off, then it is known all the same, and they stay off', () => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const place = here()
  expect(Error.stackTraceLimit).toBe(0)
  Error.stackTraceLimit = limit
  expect(place).toMatch(/call-site\.test\.ts:\d+$/)
})

function here(): string {
  return callSite(here)
}
