import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleJob } from '#src/cluster/job-bundle.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import { PROJECT } from '../support/project.js'
import { jobFile } from './cast.js'
import type { Refusals } from './refusals-thread.js'

const FILE = jobFile('mistaken')
const LINES = readFileSync(FILE, 'utf8').split('\n')

let folder: string
let refusals: ReadonlyMap<string, ErrorInfo | undefined>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retake-mistaken-'))
  const { code, map } = await bundleJob(FILE)
  const path = join(folder, 'bundle.mjs')
  await Promise.all([writeFile(path, code), writeFile(`${path}.map`, map)])
  const thread = new Worker(join(PROJECT, 'dist/test/cast/refusals-thread.js'), { workerData: { path } })
  const [told] = (await once(thread, 'message')) as [Refusals]
  refusals = new Map(told)
  await thread.terminate()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the job's file says of itself: the mistakes, and the number of the line that is to be named. */
const MISTAKES = LINES.flatMap((line, index) => {
  const [, code = '', mistake = ''] = /^ {2}'(RT\d{4}) ([^']*)': /.exec(line) ?? []
  if (code === '') return []
  const isOfJob = !line.includes('(flow)')
  const from = isOfJob ? 0 : index
  const marker = isOfJob ? '// the job' : '// here'
  return [{ code, mistake, line: 1 + LINES.findIndex((each, at) => at >= from && each.includes(marker)) }]
})

test.each(MISTAKES)(
  'when a job has $mistake, then it is refused with $code and its line',
  ({ code, mistake, line }) => {
    expect(refusals.get(`${code} ${mistake}`)).toMatchObject({
      code,
      where: `${FILE}:${line}`,
      fix: expect.stringMatching(/\w/),
    })
  },
)

test('when the mistakes are read from the file, then none is left out', () => {
  expect(MISTAKES.length).toBeGreaterThan(25)
  expect(refusals.size).toBe(MISTAKES.length)
})
