import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Node } from '#actors/node.js'
import { errorLines } from '#src/cli/error-text.js'
import { PLAIN } from '#src/cli/palette.js'
import { bundleJob } from '#src/cluster/job-bundle.js'
import { PROJECT } from '../support/project.js'
import { Cast, jobFile } from './cast.js'
import { lineIn } from './line-in.js'

const JOBS = join(PROJECT, 'test', 'cast', 'jobs')

let cast: Cast
let node: Node
beforeAll(async () => {
  cast = new Cast()
  writeFileSync(cast.path('lines.jsonl'), '{"id":1}\n')
  node = await cast.node()
})
afterAll(() => cast.stop())

/** A line of the job. */
const at = (text: string) => `throwing.ts:${lineIn(jobFile('throwing'), text)}`
/** The line that throws, whoever calls it. */
const THROWS = `at must (must.ts:${lineIn(jobFile('must'), 'throw new')}:33)`

test.each([
  {
    of: 'map',
    where: at('.map((row) => loudly'),
    frames: [`at loudly (${at('must(name).to')}:10)`, `(${at('.map((row) => loudly')}:`],
  },
  { of: 'key', where: at('.keyBy((row) => must'), frames: [`(${at('.keyBy((row) => must')}:`] },
  {
    of: 'partitioner',
    where: at('.partitionCustom('),
    frames: [`(${at('.partitionCustom(')}:`],
  },
  { of: 'timer', where: at('.process('), frames: [`at onTimer (${at('emit(must')}:`] },
  {
    of: 'make',
    where: at('const rows = flow.from('),
    frames: [`at makeRow (${at("=== 'make'")}:`, `make (${at('generator.source({ count')}:`],
  },
  { of: 'schema', where: at("from('lines'"), frames: [`(${at('validate:')}:`] },
  { of: 'source', where: at("from('shouted'"), frames: [`poll (${at('must(undefined)\n        return')}:`] },
  { of: 'sink', where: at("'out', shoutingSink"), frames: [`write (${at('must((rows')}:`] },
  {
    of: 'promise',
    where: `must.ts:${lineIn(jobFile('must'), 'throw new')}`,
    frames: [`at later (${at('must(name)\n}')}:`],
  },
])(
  'when user code throws in a $of, then the job fails for the lines of its source, and ours are folded',
  async (thrown) => {
    const job = await node.submit(cast.submission('throwing', { at: thrown.of, lines: cast.path('*.jsonl') }))
    const { outcome, error } = await job.ended
    expect([outcome, error?.code]).toEqual(['failed', 'RT1601'])
    const lines = errorLines(error!, PLAIN, JOBS).map((line) => line.trim())
    expect(lines).toContain(`where   ${thrown.where}`)
    const [head, ...stack] = lines.slice(lines.findIndex((line) => line.startsWith('cause')))
    expect(head).toBe('cause   TypeError: a row has no name')
    expect(stack.slice(0, thrown.frames.length + 1)).toEqual(
      [THROWS, ...thrown.frames].map((frame) => expect.stringContaining(frame)),
    )
    expect(stack.slice(thrown.frames.length + 1)).toEqual(
      thrown.of === 'promise' ? [] : [expect.stringMatching(/^… \d+ frames more$/)],
    )
  },
)

test('when a job has a source map, then it lies beside the bundle, and what is of Retake is named so', async () => {
  const { code, map } = await bundleJob(jobFile('throwing'))
  expect(code).not.toContain(JOBS)
  expect(code.length).toBeLessThan(map.length)
  const { sources } = JSON.parse(map) as { sources: string[] }
  expect(sources).toContain(`file://${jobFile('must')}`)
  expect(sources).toContain('retake:src/api/flow.ts')
  expect(sources.filter((source) => source.startsWith(`file://${join(PROJECT, 'src')}`))).toEqual([])
})
