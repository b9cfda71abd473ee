import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Files, nodeFiles } from '#src/checkpoint/files.js'
import { manifestOf } from '#src/checkpoint/manifest.js'
import { storeManifest } from '#src/checkpoint/manifest-store.js'
import { DirectoryStateStore } from '#src/cluster/directory-state-store.js'
import { JobHistory } from '#src/cluster/job-history.js'
import { JobStore, type NewRun } from '#src/cluster/job-store.js'
import type { LogEvent } from '#src/cluster/log-entry.js'
import type { NodeId, RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { seededRandom } from '#src/kit/random.js'
import type { BlobName } from '#src/state/snapshot.js'
import { attempt, checkpoint, clickCount } from '../checkpoint/fixtures.js'
import { on } from './fixtures.js'

let directory: string
let now = 0
const random = seededRandom(7)
const CODE = 'export default 1'
const BUNDLE = { code: CODE, map: '{}', hash: createHash('sha256').update(CODE).digest('hex') }
const NEW: NewRun = {
  job: 'click-count',
  bundle: BUNDLE.hash,
  request: { params: { topic: 'clicks' }, parallelism: 2 },
  fingerprint: 'f1',
  allowRepeatedRows: false,
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retake-store-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const stateIn = (files: Files = nodeFiles) => new DirectoryStateStore({ directory, files })
const open = (files?: Files) => new JobStore({ state: stateIn(files), random, wallTime: () => ++now })

async function append(store: JobStore, run: RunId, ...events: LogEvent[]): Promise<void> {
  for (const event of events) {
    const history = JobHistory.of(await store.log(run).read())
    const verdict = history.propose(event, `n${history.place}`)
    if (verdict.kind === 'refused') throw new Error(verdict.reason)
    await store.log(run).append(verdict.entry)
  }
}

/** A run that retains checkpoint `id`. */
async function withCheckpoint(store: JobStore, run: RunId, id: number) {
  const head = {
    run,
    plan: clickCount(),
    checkpoint: checkpoint(id),
    attempt: attempt(0),
    triggeredAt: 1,
    completedAt: 1,
  }
  const manifest = await storeManifest(store.blobs, manifestOf(head, [], []), random)
  const event = on.completed(1, 0, id)
  if (event.type !== 'completed') throw new Error('not a completion')
  await append(store, run, { type: 'leads', epoch: 1 as never, node: 'n' as NodeId }, { ...event, manifest })
  return manifest
}

test('when a run is created, then another process finds it with all that was submitted', async () => {
  await open().keepBundle(BUNDLE)
  const created = await open().create(NEW)
  const { run } = created
  const store = open()
  expect(await store.runs()).toEqual([
    {
      run,
      job: 'click-count',
      bundle: BUNDLE.hash,
      request: { params: { topic: 'clicks' }, parallelism: 2 },
      fingerprint: 'f1',
      allowRepeatedRows: false,
      createdAt: now,
    },
  ])
  expect(await store.record(run)).toEqual(created)
  expect(await store.record('run9' as RunId)).toBeUndefined()
  const kept = join(directory, 'bundles', `${BUNDLE.hash}.mjs`)
  expect(await readFile(kept, 'utf8')).toBe(CODE)
  expect(await readFile(`${kept}.map`, 'utf8')).toBe('{}')
  expect(await store.state(run)).toMatchObject({ run, job: 'click-count', epoch: 0, retained: [] })
})

test('when a run goes on with other code, then that is what another process finds', async () => {
  const record = await open().create(NEW)
  const changed = { ...record, bundle: 'b'.repeat(64), fingerprint: 'f2' }
  await open().update(changed)
  expect(await open().record(record.run)).toEqual(changed)
  expect(await open().runs()).toEqual([changed])
})

test('when a record is damaged, then the error says where it stands', async () => {
  const { run } = await open().create(NEW)
  await writeFile(join(directory, 'runs', run, 'run.json'), '{"run":')
  await expect(open().record(run)).rejects.toThrow(
    expect.objectContaining({ code: 'RT1306', where: `runs/${run}/run.json` }),
  )
})

test('when a bundle is kept again, then its code is left alone, unless it is damaged, and its map is the newest', async () => {
  const kept = join(directory, 'bundles', `${BUNDLE.hash}.mjs`)
  await open().keepBundle(BUNDLE)
  await open().keepBundle({ ...BUNDLE, map: '{"of":"another folder"}' })
  expect(await readFile(`${kept}.map`, 'utf8')).toBe('{"of":"another folder"}')
  await writeFile(kept, 'export')
  await open().keepBundle(BUNDLE)
  expect(await readFile(kept, 'utf8')).toBe(CODE)
})

test('when a run starts from a checkpoint of another, then another process finds what it begins with', async () => {
  const head = { run: 'run2' as RunId, plan: clickCount(), checkpoint: checkpoint(7), attempt: attempt(0) }
  const manifest = manifestOf({ ...head, triggeredAt: 1, completedAt: 1 }, [], [])
  const origin = { run: 'run1' as RunId, checkpoint: checkpoint(7) }
  const { run } = await open().create({ ...NEW, run: head.run, adopted: { origin, manifest } })
  const store = open()
  expect(await store.state(run)).toMatchObject({ origin, retained: [] })
  expect(await store.adopted(run)).toEqual(manifest)
  expect(await store.adopted((await store.create(NEW)).run)).toBeUndefined()
})

test('when a run was not submitted before a crash, then it does not exist', async () => {
  const crashing: Files = { ...nodeFiles, link: () => Promise.reject(new Error('crash')) }
  await expect(open(crashing).create(NEW)).rejects.toThrow('crash')
  expect(await open().unended('click-count')).toBeUndefined()
  expect(await open().runs()).toEqual([])
})

test('when a run is given up before it was submitted, then what it left is swept a day later, and no sooner', async () => {
  const store = open()
  const kept = await store.create(NEW)
  await withCheckpoint(store, kept.run, 0)
  const copied = await store.begin()
  await store.blobs.put(`${copied}/0/7/adopted.0` as BlobName, new Uint8Array(3))
  const crashing: Files = { ...nodeFiles, link: () => Promise.reject(new Error('crash')) }
  await expect(open(crashing).create({ ...NEW, run: copied })).rejects.toThrow('crash')

  await open().sweep()
  expect(await store.blobs.list(copied), 'somebody may be making it').toHaveLength(1)
  now += LIMITS.abandonedRunMs
  await open().sweep()
  expect(await store.blobs.list(copied)).toEqual([])
  expect(await readdir(join(directory, 'runs'))).toEqual([kept.run])
  expect(await readdir(join(directory, 'begun')), 'nothing is looked at twice').toEqual([])
  expect(await store.blobs.list(kept.run)).toHaveLength(1)
  expect(await store.state(kept.run)).toMatchObject({ retained: [{ checkpoint: 0 }] })
})

test('when a start looks for the run to go on with, then it is the newest of that job that has not ended', async () => {
  const store = open()
  const first = await store.create(NEW)
  const second = await store.create(NEW)
  await store.create({ ...NEW, job: 'other' })
  expect((await store.unended('click-count'))?.run).toBe(second.run)
  await append(store, second.run, on.leads(1), on.ended(1))
  expect((await store.unended('click-count'))?.run).toBe(first.run)
  expect((await store.unended())?.job).toBe('other')
})

test('when a user names a checkpoint, then by id, by run and id, or by path', async () => {
  const store = open()
  const older = await store.create(NEW)
  const { run } = await store.create(NEW)
  await withCheckpoint(store, older.run, 0)
  const manifest = await withCheckpoint(store, run, 0)
  const found = async (reference: string) =>
    (await store.findCheckpoint(reference, 'click-count')).manifest.run
  expect(await found('0'), 'of the newest run').toBe(run)
  expect(await found(`${older.run}/0`)).toBe(older.run)
  expect(await found(join(directory, 'blobs', manifest.blob))).toBe(run)
  expect(await found(join(directory, 'blobs', run, '0', '0'))).toBe(run)
  const { blobs } = await store.findCheckpoint(join(directory, 'blobs', run, '0', '0'), 'click-count')
  expect(await blobs.list(run)).toEqual([manifest.blob])
})

test('when a checkpoint is not there, then the error says which are', async () => {
  const store = open()
  const { run } = await store.create(NEW)
  await withCheckpoint(store, run, 0)
  const refused = (why: string) =>
    expect.objectContaining({ code: 'RT1209', why: expect.stringContaining(why) })
  await expect(store.findCheckpoint('7', 'click-count')).rejects.toThrow(refused(`retained are ${run}/0`))
  await expect(store.findCheckpoint('7', 'other')).rejects.toThrow(refused('retains none of job "other"'))
  await expect(store.findCheckpoint('/nowhere/at/all', 'click-count')).rejects.toThrow(
    refused('no manifest is there'),
  )
})

test('when a manifest was moved away from its parts, then it is not taken', async () => {
  const store = open()
  const { run } = await store.create(NEW)
  const { blob } = await withCheckpoint(store, run, 0)
  const moved = join(directory, 'manifest.json')
  await writeFile(moved, await readFile(join(directory, 'blobs', blob)))
  await expect(store.findCheckpoint(moved, 'click-count')).rejects.toThrow('moved away')
})
