import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileTarget } from '#src/connector/file/file-target.js'
import { nodePartFiles, type PartFiles } from '#src/connector/file/part-files.js'
import { StagedWriter } from '#src/connector/staged-writer.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Piece } from '#src/state/snapshot.js'
import { HeldBlobs } from '../../../support/held-blobs.js'
import { StagedSink, type StageOptions } from '../../../support/sink-stage.js'

let folder: string
let blobs: HeldBlobs

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-file-sink-'))
  blobs = new HeldBlobs()
})
afterEach(() => rmSync(folder, { recursive: true }))

function sinkOf(options: StageOptions = {}, files: PartFiles = nodePartFiles): StagedSink {
  const connector = {
    writer: (_: unknown, ctx: ConstructorParameters<typeof StagedWriter>[0]) =>
      new StagedWriter(ctx, new FileTarget(ctx, folder, files)),
  }
  const spec = {
    connector: 'file',
    options: {},
    functions: {},
    guarantee: 'exactly-once',
    keyFields: undefined,
  } as const
  return new StagedSink(connector, spec, { operator: 'words', blobs, ...options })
}

async function opened(
  options: StageOptions = {},
  restored: readonly Piece[] = [],
  files: PartFiles = nodePartFiles,
): Promise<StagedSink> {
  const sink = sinkOf(options, files)
  await sink.writer.open(restored)
  return sink
}

/** What a reader of the folder sees: its files by name, hidden ones apart. */
function published(): Record<string, unknown[]> {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'))
  return Object.fromEntries(
    names.sort().map((name) => [
      name,
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as unknown),
    ]),
  )
}

test('when a checkpoint is complete, then its rows are there in a file of their own, and not before', async () => {
  const sink = await opened()
  sink.writer.write([{ word: 'a' }, { word: 'ü', count: 2n }])
  await sink.checkpoint(3)
  expect(published()).toEqual({})

  sink.complete(3)
  await sink.writer.drain()
  expect(published()).toEqual({ 'part-run1-words-0-3-0.jsonl': [{ word: 'a' }, { word: 'ü', count: '2' }] })

  await sink.commit(4, [{ word: 'b' }])
  expect(Object.keys(published())).toEqual(['part-run1-words-0-3-0.jsonl', 'part-run1-words-0-4-0.jsonl'])
})

test('when a checkpoint is given up, then its rows come with the next one, under the name that they had', async () => {
  const sink = await opened()
  sink.writer.write([1])
  await sink.checkpoint(3)
  await sink.commit(4, [2])
  expect(published()).toEqual({ 'part-run1-words-0-3-0.jsonl': [1], 'part-run1-words-0-4-0.jsonl': [2] })
})

test('when there are more rows than a piece holds, then they are cut into several files', async () => {
  const sink = await opened()
  const rows = Array.from({ length: 5 }, (_, n) => ({ n, text: 'x'.repeat(LIMITS.pieceBytes / 2) }))
  await sink.commit(1, rows)
  const parts = published()
  expect(Object.keys(parts)).toHaveLength(3)
  expect(Object.values(parts).flat()).toEqual(rows)
})

test('when rows are restored that were published, or were not, then all are published once, before it opens', async () => {
  const sink = await opened()
  const pieces = [...(await sink.commit(1, [1]))]
  sink.writer.write([2])
  pieces.push(...(await sink.checkpoint(2)))
  await opened({ attempt: 2, restoredFrom: { run: 'run1', checkpoint: 2 } }, pieces)
  expect(published()).toEqual({ 'part-run1-words-0-1-0.jsonl': [1], 'part-run1-words-0-2-0.jsonl': [2] })
})

test('when runs, sinks and subtasks share a folder, then no file of one has the name of another', async () => {
  for (const [index, options] of [
    {},
    { run: 'run2' },
    { operator: 'words-0' },
    { operator: '../wörter *' },
    { subtask: 1 },
    { operator: 'words-0-1', subtask: 1 },
  ].entries()) {
    await (await opened(options)).commit(1, [index])
  }
  expect(Object.values(published()).flat().sort()).toEqual([0, 1, 2, 3, 4, 5])
  expect(Object.keys(published())).toContain('part-run1-%2E%2E%2Fw%C3%B6rter%20%2A-0-1-0.jsonl')
})

test('when a published file is not what was published, then that is an error, and it is left alone', async () => {
  const sink = await opened()
  const pieces = await sink.commit(1, [1])
  writeFileSync(join(folder, 'part-run1-words-0-1-0.jsonl'), '"mine"\n')
  await expect(
    opened({ attempt: 2, restoredFrom: { run: 'run1', checkpoint: 1 } }, pieces),
  ).rejects.toMatchObject({ code: 'RT1483' })
  expect(Object.values(published()).flat()).toEqual(['mine'])
})

test('when a run starts from a checkpoint of another that has gone on, then it stops, unless repeated rows are accepted', async () => {
  const old = await opened()
  old.writer.write([1])
  const pieces = await old.checkpoint(1)
  old.complete(1)
  await old.writer.drain()
  await old.commit(2, [2])
  const next = { run: 'run2', restoredFrom: { run: 'run1', checkpoint: 1 } }
  await expect(opened(next, pieces)).rejects.toMatchObject({ code: 'RT1214' })
  const sink = await opened({ ...next, allowRepeatedRows: true }, pieces)
  await sink.commit(2, [2])
  expect(Object.values(published()).flat()).toEqual([1, 2, 2])
})

test('when a run was replaced by another, then it publishes nothing more, and cannot come back', async () => {
  const old = await opened()
  old.writer.write([1])
  const pieces = await old.checkpoint(1)
  old.writer.write([2])
  await old.checkpoint(2)
  await opened({ run: 'run2', restoredFrom: { run: 'run1', checkpoint: 1 } }, pieces)

  old.complete(2)
  expect(await old.failed()).toMatchObject({ code: 'RT1447' })
  expect(Object.values(published()).flat()).toEqual([1])
  await expect(opened({ attempt: 2 })).rejects.toMatchObject({ code: 'RT1451' })
  await opened({ run: 'run2', attempt: 2, restoredFrom: { run: 'run1', checkpoint: 1 } }, pieces)
})

test('when a run is replaced while its file is on the way, then either the file is seen or it does not come', async () => {
  const stuck = held({ before: 'rename' })
  const old = await opened({}, [], stuck.files)
  const pieces = await old.checkpoint(1)
  old.writer.write([2])
  await old.checkpoint(2)
  old.complete(2)
  await stuck.reached
  await opened({ run: 'run2', restoredFrom: { run: 'run1', checkpoint: 1 } }, pieces)
  stuck.release()
  expect(await old.failed()).toMatchObject({ code: 'RT1447' })
  expect(published()).toEqual({})
})

const STEPS = ['read', 'list', 'write', 'rename', 'syncFolder'] as const

test.each(STEPS.flatMap((step) => (['before', 'after'] as const).map((when) => [when, step] as const)))(
  'when it dies %s %s, then what is seen is whole, and the next attempt publishes each row once',
  async (when, step) => {
    const disk = failing(step, when, 'EIO', 2)
    const first = await opened({}, [], disk.files)
    disk.arm()
    let pieces: readonly Piece[] = []
    const failed = first.failed()
    for (const checkpoint of [1, 2, 3]) {
      first.writer.write([checkpoint, -checkpoint])
      pieces = await first.checkpoint(checkpoint)
      first.complete(checkpoint)
    }
    expect(await failed).toMatchObject({ code: 'RT1482' })
    for (const rows of Object.values(published())) expect(rows).toHaveLength(2)

    const second = await opened({ attempt: 2, restoredFrom: { run: 'run1', checkpoint: 3 } }, pieces)
    await second.commit(4, [4, -4])
    expect(published()).toEqual({
      'part-run1-words-0-1-0.jsonl': [1, -1],
      'part-run1-words-0-2-0.jsonl': [2, -2],
      'part-run1-words-0-3-0.jsonl': [3, -3],
      'part-run1-words-0-4-0.jsonl': [4, -4],
    })
    expect(readdirSync(join(folder, '.staging-run1-words'))).toEqual([])
  },
)

test('when the disk is full, then the job is told to start again, and nothing is lost when there is room', async () => {
  const disk = failing('write', 'before', 'ENOSPC', 1)
  const sink = await opened({}, [], disk.files)
  disk.arm()
  sink.writer.write([1])
  const pieces = await sink.checkpoint(1)
  sink.complete(1)
  expect(await sink.failed()).toMatchObject({ code: 'RT1480' })
  expect(published()).toEqual({})
  await opened({ attempt: 2, restoredFrom: { run: 'run1', checkpoint: 1 } }, pieces)
  expect(Object.values(published()).flat()).toEqual([1])
})

test('when the folder is a file, or may not be written, then that cannot be cured', async () => {
  const parent = folder
  folder = join(parent, 'taken')
  writeFileSync(folder, '')
  await expect(opened()).rejects.toMatchObject({ code: 'RT1481' })
  folder = join(parent, 'taken', 'below')
  await expect(opened()).rejects.toMatchObject({ code: 'RT1481' })
  folder = parent
  const disk = failing('createFolder', 'before', 'EACCES', 1)
  disk.arm()
  await expect(opened({}, [], disk.files)).rejects.toMatchObject({
    code: 'RT1481',
  })
})

test('when subtasks open at the same time, then none is in the way of another', async () => {
  mkdirSync(join(folder, '.staging-run1-words'))
  const pieces = await (await opened()).checkpoint(1)
  const options = { run: 'run2', parallelism: 8, restoredFrom: { run: 'run1', checkpoint: 1 } }
  const sinks = await Promise.all(
    Array.from({ length: 8 }, (_, subtask) => opened({ ...options, subtask }, pieces)),
  )
  await Promise.all(sinks.map((sink, subtask) => sink.commit(2, [subtask])))
  expect(Object.values(published()).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  await expect(opened({ attempt: 2 })).rejects.toMatchObject({ code: 'RT1451' })
})

test('when a record has no form in JSON, then it is refused when it is staged', async () => {
  const sink = await opened()
  for (const record of [undefined, () => 1, Symbol('s')]) {
    expect(() => sink.writer.write([record])).toThrow(/RT1460/)
  }
  const circle: { self?: unknown } = {}
  circle.self = circle
  expect(() => sink.writer.write([circle])).toThrow(/RT1460/)
})

/**
 * A file system whose `step` fails, at its `time`-th call after it was armed, before or after it has happened; then
 * nothing works.
 */
function failing(step: keyof PartFiles, when: 'before' | 'after', code: string, time: number) {
  let calls = Number.NEGATIVE_INFINITY
  let isDead = false
  const check = (dies: boolean) => {
    isDead ||= dies
    if (isDead) throw Object.assign(new Error(code), { code })
  }
  const wrapped = (name: string, real: (...given: never[]) => Promise<unknown>) => {
    return async (...given: never[]) => {
      const isNow = name === step && ++calls === time
      check(isNow && when === 'before')
      const result = await real(...given)
      check(isNow)
      return result
    }
  }
  const steps = Object.entries(nodePartFiles).map(([name, real]) => [name, wrapped(name, real)])
  const arm = () => {
    calls = 0
  }
  return { files: Object.fromEntries(steps) as PartFiles, arm }
}

/** A file system whose step waits until it is released. */
function held({ before }: { before: 'rename' }) {
  let reach: () => void = () => {}
  let release: () => void = () => {}
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const files: PartFiles = {
    ...nodePartFiles,
    async [before](from: string, to: string) {
      reach()
      await released
      return nodePartFiles[before](from, to)
    },
  }
  return { files, reached, release }
}
