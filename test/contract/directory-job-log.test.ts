import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Files, nodeFiles } from '#src/checkpoint/files.js'
import { DirectoryJobLog } from '#src/cluster/directory-job-log.js'
import { JobHistory } from '#src/cluster/job-history.js'
import type { LogEntry } from '#src/cluster/log-entry.js'
import { LIMITS } from '#src/kit/limits.js'
import { entriesOf, on, STARTED } from '../unit/cluster/fixtures.js'
import { jobLogContract, rival } from './job-log.js'

const directories: string[] = []

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'retake-log-'))
  directories.push(made)
  return join(made, 'log')
}

afterEach(async () => {
  for (const made of directories.splice(0)) await rm(join(made), { recursive: true, force: true })
})

jobLogContract('a job log in a directory', async () => {
  const path = await directory()
  return { one: new DirectoryJobLog(path), other: new DirectoryJobLog(path) }
})

type Step = keyof Files

/** Node's files, that fail one call: before it has happened, or after (the answer is lost). */
function failing(step: Step, when: 'before' | 'after', nth: number): Files {
  let seen = 0
  return new Proxy(nodeFiles, {
    get(files, name: Step) {
      if (name !== step) return files[name].bind(files)
      return async (...parameters: never[]) => {
        const fails = ++seen === nth
        if (fails && when === 'before') throw new Error('crash')
        const answer = await (files[name] as (...parameters: never[]) => Promise<unknown>)(...parameters)
        if (fails) throw new Error('crash')
        return answer
      }
    },
  })
}

const STEPS = ['createDirectory', 'remove', 'write', 'link', 'syncDirectory', 'read', 'list'] as const
const CRASHES = STEPS.flatMap((step) =>
  (['before', 'after'] as const).flatMap((when) => [1, 2].map((nth) => [step, when, nth] as const)),
)

test.each(CRASHES)(
  'when a write crashes at %s (%s, call %i), then the same entry written again settles it',
  async (step, when, nth) => {
    const path = await directory()
    const crashing = new DirectoryJobLog(path, failing(step, when, nth))
    const entries = entriesOf(...STARTED)
    const [first] = entries
    if (first === undefined) throw new Error('too short')
    const answer = await crashing.append(first).catch(() => 'unknown')
    expect(['written', 'unknown']).toContain(answer)

    const after = new DirectoryJobLog(path)
    for (const entry of entries) expect(await after.append(entry)).toBe('written')
    expect(JobHistory.of(await after.read()).state).toEqual(JobHistory.of(entries).state)
  },
)

test.each(CRASHES)(
  'when it crashes at %s (%s, call %i) and another takes the place, then only one of both stands',
  async (step, when, nth) => {
    const path = await directory()
    const whole = new DirectoryJobLog(path)
    const [first] = entriesOf(on.submitted())
    if (first === undefined) throw new Error('too short')
    await whole.append(first)
    const history = JobHistory.of([first])
    const mine = rival(history, 'mine')
    const crashing = new DirectoryJobLog(path, failing(step, when, nth))
    const answered = await crashing.append(mine).catch(() => 'unknown')

    const theirs = await whole.append(rival(history, 'theirs'))
    const settled = await whole.append(mine)
    if (answered !== 'unknown') expect(settled).toBe(answered)
    expect([theirs, settled].sort()).toEqual(['taken', 'written'])
    expect((await whole.read()).map(({ nonce }) => nonce)).toEqual([
      'nonce-1',
      settled === 'written' ? 'mine' : 'theirs',
    ])
  },
)

test('when an entry is appended again after its answer was lost, then the file that stands is never written into', async () => {
  const path = await directory()
  const [first] = entriesOf(on.submitted())
  if (first === undefined) throw new Error('too short')
  await new DirectoryJobLog(path, failing('syncDirectory', 'before', 1)).append(first).catch(() => undefined)
  const halfway: Files = {
    ...nodeFiles,
    async write(file, pieces) {
      const [first] = pieces
      await nodeFiles.write(file, [first!.subarray(0, 5)])
      throw new Error('crash')
    },
  }
  await expect(new DirectoryJobLog(path, halfway).append(first)).rejects.toThrow('crash')
  expect((await new DirectoryJobLog(path).read()).map(({ nonce }) => nonce)).toEqual(['nonce-1'])
})

test('when a name is seen that is not durable yet, then a reader makes it so before it acts on it', async () => {
  const path = await directory()
  for (const entry of entriesOf(...STARTED)) await new DirectoryJobLog(path).append(entry)
  const synced: string[] = []
  const watching: Files = {
    ...nodeFiles,
    syncDirectory(of) {
      synced.push(of)
      return nodeFiles.syncDirectory(of)
    },
  }
  await new DirectoryJobLog(path, watching).read()
  expect(synced).toEqual([path])
})

test('when an entry was followed before its own writer looked, then it is written all the same', async () => {
  const path = await directory()
  const entries = entriesOf(...STARTED)
  const [first, second] = entries
  if (first === undefined || second === undefined) throw new Error('too short')
  const overtaken: Files = {
    ...nodeFiles,
    async link(from, to) {
      const answer = await nodeFiles.link(from, to)
      await new DirectoryJobLog(path).append(second)
      return answer
    },
  }
  expect(await new DirectoryJobLog(path, overtaken).append(first)).toBe('written')
})

test('when a sleeper lands just below what is kept, then readers stop at the break in the chain', async () => {
  const path = await directory()
  const log = new DirectoryJobLog(path)
  const many = [...STARTED, ...Array.from({ length: 30 }, (_, id) => on.completed(1, 1, id + 1))]
  const entries = entriesOf(...many)
  for (const entry of entries) await log.append(entry)
  const lowest = (await log.read())[0]
  if (lowest === undefined) throw new Error('nothing is kept')
  const before = JobHistory.of(entries.slice(0, lowest.place - 2))
  const sleeper: LogEntry = rival(before, 'sleeper')
  expect(sleeper.place).toBe(lowest.place - 1)
  expect(await log.append(sleeper)).toBe('taken')
  expect((await log.read())[0]?.nonce).toBe(lowest.nonce)
})

test('when entries are dropped, then the directory does not grow, and no temporary file stays', async () => {
  const path = await directory()
  const log = new DirectoryJobLog(path)
  const many = [...STARTED, ...Array.from({ length: 30 }, (_, id) => on.completed(1, 1, id + 1))]
  for (const entry of entriesOf(...many)) await log.append(entry)
  expect(await readdir(path)).toHaveLength(LIMITS.logEntriesKept)
})

test('when a writer crashed before its entry had a place, then who takes over removes what it left', async () => {
  const path = await directory()
  const entries = entriesOf(...STARTED, on.leads(2))
  for (const entry of entries.slice(0, -1)) await new DirectoryJobLog(path).append(entry)
  const late = rival(JobHistory.of(entries.slice(0, -1)), 'late')
  const crashing = new DirectoryJobLog(path, failing('link', 'before', 1))
  await expect(crashing.append(late)).rejects.toThrow('crash')
  expect(await readdir(path)).toContain('late.tmp')

  for (const entry of entries.slice(-1)) expect(await new DirectoryJobLog(path).append(entry)).toBe('written')
  expect((await readdir(path)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  expect(await crashing.append(late), 'it lives, and tries again').toBe('taken')
})

test('when another takes over between the file and the place of an entry, then its writer tries again and has lost', async () => {
  const path = await directory()
  const entries = entriesOf(...STARTED, on.leads(2))
  const before = entries.slice(0, -1)
  for (const entry of before) await new DirectoryJobLog(path).append(entry)
  let isOvertaken = false
  const overtaken: Files = {
    ...nodeFiles,
    async link(from, to) {
      for (const entry of entries.slice(-1).filter(() => !isOvertaken))
        await new DirectoryJobLog(path).append(entry)
      isOvertaken = true
      return nodeFiles.link(from, to)
    },
  }
  const late = rival(JobHistory.of(before), 'late')
  expect(await new DirectoryJobLog(path, overtaken).append(late)).toBe('taken')
})

test.each([
  ['{"place":', 'not JSON'],
  ['{"place":1}', 'is not what it must be'],
  [JSON.stringify({ ...entriesOf(on.submitted())[0], place: 9 }), 'entry 9'],
])('when a file holds no entry (%s), then the log says which', async (content, why) => {
  const path = await directory()
  const log = new DirectoryJobLog(path)
  for (const entry of entriesOf(on.submitted())) await log.append(entry)
  await writeFile(join(path, '000000000001.json'), content)
  await expect(log.read()).rejects.toThrow(
    expect.objectContaining({
      code: 'RT1306',
      where: join(path, '000000000001.json'),
      message: expect.stringContaining(why),
    }),
  )
})
