import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { file } from '#src/api/file.js'
import { fileSource } from '#src/connector/file/file-connector.js'
import type { FilePosition } from '#src/connector/file/file-position.js'
import type { SourceSpec } from '#src/connector/source.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import { restored, StagedSource, splitsOf } from '../../../support/source-stage.js'

let folder: string
const opened: StagedSource[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-file-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ reader }) => reader.close()))
  rmSync(folder, { recursive: true })
})

function fileOf(text: string | Uint8Array, name = 'input.txt'): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function sourceAt(spec: SourceSpec, splits: readonly SplitPosition[]): StagedSource {
  const source = new StagedSource(fileSource, spec)
  source.reader.addSplits(splits)
  opened.push(source)
  return source
}

async function recordsOf(spec: SourceSpec): Promise<readonly unknown[]> {
  return sourceAt(spec, await splitsOf(fileSource, spec)).readToEnd()
}

test('when files have blank lines, CR LF, a byte order mark and no end, then records are what stands in them', async () => {
  fileOf('\uFEFF{"n":1}\r\n\r\n  \n{"n":2}\n', 'a.jsonl')
  fileOf('', 'b.jsonl')
  fileOf('[3]\n"vier"', 'c.jsonl')
  expect(await recordsOf(file.source({ path: folder }))).toEqual([{ n: 1 }, { n: 2 }, [3], 'vier'])
})

test('when lines are text, then blank ones are records, and nothing is decoded', async () => {
  const path = fileOf('{"n":1}\n\n  so \r\n\uFFFD')
  expect(await recordsOf(file.source({ path, format: 'text' }))).toEqual(['{"n":1}', '', '  so ', '\uFFFD'])
})

test('when a run is restored behind any record, then it goes on with the next one: whatever bytes lie around', async () => {
  const lines = ['eins', 'zwölf', '', '日本語 🦊', '\rfünf', 'letzte']
  const path = fileOf('\uFEFFeins\r\nzwölf\n\n日本語 🦊\r\n\rfünf\nletzte')
  const spec = file.source({ path, format: 'text' })
  const [start] = (await splitsOf(fileSource, spec)) as [SplitPosition]
  let offset = 0
  const bytes = Buffer.from('\uFEFFeins\r\nzwölf\n\n日本語 🦊\r\n\rfünf\nletzte')
  for (let line = 0; line <= lines.length; line++) {
    const position: FilePosition = { ...(start.position as FilePosition), offset, lines: line }
    const source = sourceAt(spec, restored([{ ...start, position }]))
    expect(source.positions()[0]?.position).toEqual(position)
    expect(await source.readToEnd()).toEqual(lines.slice(line))
    expect(source.positions()[0]).toMatchObject({ ended: true, position: { offset: bytes.length, lines: 6 } })
    const feed = bytes.indexOf(10, offset)
    offset = feed < 0 ? bytes.length : feed + 1
  }
})

test('when it is read in many polls, then each position counts what was emitted, and not what was read ahead', async () => {
  const lines = Array.from({ length: 60_000 }, (_, n) => `{"n":${n},"text":"${'ü'.repeat(n % 17)}"}`)
  const path = fileOf(`${lines.join('\n')}\n`)
  const spec = file.source({ path })
  const source = sourceAt(spec, await splitsOf(fileSource, spec))
  let offset = 0
  let counted = 0
  for (let state = source.poll(); ; state = source.poll()) {
    while (counted < source.emitted.length) offset += Buffer.byteLength(lines[counted++]!) + 1
    expect(source.positions()[0]?.position).toMatchObject({ offset, lines: counted })
    if (state === 'end') break
    if (state === 'idle') await source.word()
  }
  expect(source.emitted).toHaveLength(60_000)
  expect(source.polls).toBeGreaterThan(50)

  const middle = sourceAt(
    spec,
    restored([{ ...source.positions()[0]!, position: { path, offset: 0, lines: 0, stop: offset } }]),
  )
  expect((await middle.readToEnd()).length).toBe(60_000)
})

test('when a file grows or a new one comes while the run goes on, then the run reads what was there when it began', async () => {
  const path = fileOf('"a"\n"b', 'a.jsonl')
  appendFileSync(path, '"')
  const spec = file.source({ path: folder })
  const splits = await splitsOf(fileSource, spec)
  appendFileSync(path, '\n"c"\n')
  fileOf('"d"\n', 'd.jsonl')
  expect(await sourceAt(spec, splits).readToEnd()).toEqual(['a', 'b'])
})

test('when a file was cut short or taken away since the run began, then that is an error and not an end', async () => {
  const path = fileOf('"a"\n"b"\n')
  const spec = file.source({ path })
  const splits = await splitsOf(fileSource, spec)
  truncateSync(path, 4)
  await expect(sourceAt(spec, splits).readToEnd()).rejects.toMatchObject({ code: 'RT1472' })
  rmSync(path)
  await expect(sourceAt(spec, splits).readToEnd()).rejects.toMatchObject({ code: 'RT1470' })
})

test('when nothing fits a path, then the run does not begin', async () => {
  fileOf('')
  for (const path of [
    join(folder, 'other.txt'),
    join(folder, '*.jsonl'),
    `${folder}/input.txt,${folder}/b`,
  ]) {
    await expect(splitsOf(fileSource, file.source({ path }))).rejects.toMatchObject({ code: 'RT1470' })
  }
})

test('when a file is named twice, then it is read once; splits are dealt in the order of names', async () => {
  for (const name of ['b', 'a', 'c']) fileOf(`"${name}"\n`, name)
  const splits = await splitsOf(fileSource, file.source({ path: [folder, join(folder, 'a')] }))
  expect(splits.map(({ split, owner }) => [split, owner])).toEqual([
    [join(folder, 'a'), 0],
    [join(folder, 'b'), 1],
    [join(folder, 'c'), 2],
  ])
})

const BAD = '{"n":1}\n{"n":\n{"n":"drei"}\n"\xff"\n{"n":5}\n'
const schema = v.object({ n: v.number() })

test('when a line is bad and bad lines fail, then file and line are named, and what was before it is out', async () => {
  const path = fileOf(Buffer.from(BAD, 'latin1'))
  const spec = file.source({ path, schema })
  const splits = await splitsOf(fileSource, spec)
  const source = sourceAt(spec, splits)
  await expect(source.readToEnd()).rejects.toMatchObject({
    code: 'RT1471',
    what: `${path}:2 cannot be decoded`,
    why: expect.stringContaining('it is not JSON'),
  })
  expect(source.emitted).toEqual([{ n: 1 }])
  expect(source.positions()[0]?.position).toMatchObject({ offset: 8, lines: 1 })

  const later = sourceAt(spec, [{ ...splits[0]!, position: { path, offset: 14, lines: 2, stop: 40 } }])
  await expect(later.readToEnd()).rejects.toMatchObject({ what: `${path}:3 cannot be decoded` })
})

test('when lines are bad and bad ones are skipped, then each is told with its place, and nothing beside it is lost', async () => {
  const path = fileOf(Buffer.from(BAD, 'latin1'))
  const spec = file.source({ path, schema, onBadRecord: 'skip' })
  const source = sourceAt(spec, await splitsOf(fileSource, spec))
  expect(await source.readToEnd()).toEqual([{ n: 1 }, { n: 5 }])
  expect(source.skipped.map(({ reason }) => String((reason as Error).message).replace(folder, ''))).toEqual([
    expect.stringMatching(/^RT1471 \/input.txt:2 cannot be decoded: it is not JSON/),
    expect.stringMatching(
      /^RT1471 \/input.txt:3 cannot be decoded: it does not fit the schema: n: Invalid type/,
    ),
    expect.stringMatching(/^RT1471 \/input.txt:4 cannot be decoded: it is not UTF-8/),
  ])
})

test('when a line is longer than memory should hold, then it is refused, and not held', async () => {
  const path = fileOf(`"a"\n${'x'.repeat(18 * 1024 * 1024)}`)
  await expect(recordsOf(file.source({ path }))).rejects.toMatchObject({
    code: 'RT1471',
    what: expect.stringContaining('input.txt:2 has more than'),
  })
})
