import { expect, test } from 'vitest'
import {
  checkpointJson,
  errorJson,
  jobDetailsJson,
  jobJson,
  nodeJson,
  threadJson,
} from '#src/cli/cluster-json.js'
import { pageOf, sectionOf } from '../../house/docs.js'
import { checkpointOf, detailsOf, LOST, nodeOf, summaryOf, THREADS, typed } from './fake-cluster.js'

const JSON_SECTION = sectionOf(pageOf('docs/cli.md'), 'JSON')

/** A shape that has a table of its own, or none that is promised. */
const SHAPES = new Set(['checkpoint', 'checkpoints', 'failure', 'error', 'plan', 'labels', 'about', 'tree'])
const RUN_KEYS = keysOf(jobJson(summaryOf()))

test.each([
  ['A run', RUN_KEYS],
  [
    'Details of a run',
    keysOf(jobDetailsJson(detailsOf(summaryOf()))).filter((key) => !RUN_KEYS.includes(key)),
  ],
  ['A checkpoint', keysOf(checkpointJson(checkpointOf(1)))],
  ['A node', keysOf(nodeJson(nodeOf('a')))],
  ['A thread', keysOf(threadJson(THREADS[0]!))],
  ['An actor', keysOf({ ...threadJson(THREADS[0]!).tree, children: [] })],
  ['An error', keysOf({ ...errorJson(LOST), cause: null })],
])('when docs/cli.md tells the keys of "%s", then those are its keys', (title, keys) => {
  expect(toldBelow(title).sort()).toEqual(keys.sort())
})

test.each([
  ['list'],
  ['cancel click-count --no-wait'],
  ['checkpoints click-count'],
  ['checkpoints click-count --now'],
  ['nodes'],
  ['actors'],
  ['version'],
])('when "%s" prints JSON, then it is one document with the keys of docs/cli.md', async (line) => {
  const { code, data } = await typed(`${line} -o json`)
  expect(code).toBe(0)
  const asked = line.replace(' click-count', '').replace(' --no-wait', '')
  const [, told = ''] =
    new RegExp(`^\\| \`retake ${asked}\` \\| (.*) \\|$`, 'm').exec(JSON_SECTION.text) ?? []
  const keys = [...told.replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, key]) => key)
  expect(Object.keys(JSON.parse(data))).toEqual(keys)
})

test('when a run is shown as JSON, then it has the keys of a run and of its details', async () => {
  const { data } = await typed('show click-count -o json')
  expect(keysOf(JSON.parse(data)).sort()).toEqual(
    [...toldBelow('A run'), ...toldBelow('Details of a run')].sort(),
  )
})

test('when something has no value, then its key is there, with null', () => {
  const unknown = { reason: undefined, metrics: undefined, rates: undefined, checkpoint: undefined }
  expect(jobJson(summaryOf(unknown))).toMatchObject({
    reason: null,
    metrics: null,
    rates: null,
    checkpoint: null,
  })
  expect(checkpointJson(checkpointOf(1, { slowest: undefined }))).toMatchObject({
    slowest: null,
    failure: null,
  })
  expect(errorJson({ name: 'Error', message: 'm' })).toEqual({
    code: null,
    message: 'm',
    what: null,
    why: null,
    fix: null,
    where: null,
    stack: [],
    cause: null,
  })
})

test('when an error comes from the job, then it has the frames of its source, and none of ours', () => {
  const stack =
    'Error: m\n    at pick (/shop/a.ts:3:7)\n    at run (retake:src/api/process.ts:1:1)\n    at go (node:x:1:1)'
  expect(errorJson({ name: 'Error', message: 'm', stack }).stack).toEqual(['at pick (/shop/a.ts:3:7)'])
})

function toldBelow(title: string): string[] {
  const [, text = ''] =
    new RegExp(`^### ${title}\\n([\\s\\S]*?)(?=^### |(?![\\s\\S]))`, 'm').exec(JSON_SECTION.text) ?? []
  return [...text.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key),
  )
}

/** `a`, `b.c`, `d[].e` */
function keysOf(value: object, lead = ''): string[] {
  return Object.entries(value).flatMap(([key, below]) => {
    const path = `${lead}${key}`
    const [first] = Array.isArray(below) ? below : []
    if (SHAPES.has(key) || typeof below !== 'object' || below === null) return [path]
    if (Array.isArray(below)) return typeof first === 'object' ? keysOf(first, `${path}[].`) : [path]
    return keysOf(below, `${path}.`)
  })
}
