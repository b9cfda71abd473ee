import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { filesOf } from '#src/connector/file/file-pattern.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-pattern-'))
  mkdirSync(join(folder, 'deep', 'deeper'), { recursive: true })
  mkdirSync(join(folder, '.hidden'))
  const files = [
    'a.jsonl',
    'b.jsonl',
    'c(1).txt',
    '.a.jsonl',
    'deep/d.jsonl',
    'deep/deeper/e.jsonl',
    '.hidden/f.jsonl',
  ]
  for (const file of files) writeFileSync(join(folder, file), '')
})
afterEach(() => rmSync(folder, { recursive: true }))

test.each([
  ['a.jsonl', ['a.jsonl']],
  ['.a.jsonl', ['.a.jsonl']],
  ['c(1).txt', ['c(1).txt']],
  ['', ['a.jsonl', 'b.jsonl', 'c(1).txt']],
  ['*.jsonl', ['a.jsonl', 'b.jsonl']],
  ['?.jsonl', ['a.jsonl', 'b.jsonl']],
  ['c(?).*', ['c(1).txt']],
  ['.*.jsonl', ['.a.jsonl']],
  ['*/*.jsonl', ['deep/d.jsonl']],
  ['**/*.jsonl', ['a.jsonl', 'b.jsonl', 'deep/d.jsonl', 'deep/deeper/e.jsonl']],
  ['deep/**/e.*', ['deep/deeper/e.jsonl']],
  ['*.txt/*', []],
  ['nowhere', []],
  ['nowhere/*.jsonl', []],
  ['a.jsonl/*', []],
])('when the pattern is %j, then it names %j', async (pattern, files) => {
  const found = await filesOf(join(folder, pattern))
  expect(found.map((path) => relative(folder, path)).sort()).toEqual(files)
})
