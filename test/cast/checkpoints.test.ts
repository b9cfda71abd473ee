import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Manifest } from '#src/checkpoint/manifest.js'
import { loadManifest } from '#src/checkpoint/manifest-store.js'
import { blobsOf } from '#src/checkpoint/retention.js'
import type { RunId } from '#src/kit/ids.js'
import { until } from '../support/until.js'
import { Cast, Followed } from './cast.js'
import { expectCounted } from './counting-oracle.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

const COUNT = 2_000

test('when snapshots cannot be stored for a while, then checkpoints fail, are tolerated, and nothing is lost', async () => {
  const node = await cast.node()
  const params = { count: COUNT, rate: 1_500 }
  const job = new Followed(
    await node.submit(cast.submission('counting-tolerant', params, { parallelism: 2 })),
  )
  await job.completed(2)
  const repair = breakStore(job.job.run)
  const failed = await failures(job, 3)
  expect(failed?.code).toBe('RT1305')
  repair()
  await job.completed(1)
  expect((await job.job.ended).outcome).toBe('finished')
  expect(job.attempts()).toBe(1)
  expectCounted(cast.path('output'), COUNT)
})

test('when more checkpoints fail than the job tolerates, then it fails with their cause', async () => {
  const node = await cast.node()
  const params = { count: COUNT, rate: 1_500 }
  const job = new Followed(await node.submit(cast.submission('counting-no-restart', params)))
  await job.completed(1)
  breakStore(job.job.run)
  const { outcome, error } = await job.job.ended
  expect([outcome, error?.code]).toEqual(['failed', 'RT1303'])
  expect(error?.cause?.code).toBe('RT1305')
  expect(error?.cause?.cause?.message).toMatch(/ENOTDIR|EEXIST/)
})

/** Puts a file where the first attempt keeps its blobs. */
function breakStore(run: RunId): () => void {
  const folder = cast.path('state', 'blobs', run, '1')
  renameSync(folder, `${folder}-away`)
  writeFileSync(folder, '')
  return () => {
    rmSync(folder)
    renameSync(`${folder}-away`, folder)
  }
}

async function failures(job: Followed, count: number) {
  let last: Awaited<ReturnType<typeof job.next<'checkpoint'>>> | undefined
  for (let i = 0; i < count; i++) {
    last = await job.next('checkpoint', ({ record }) => record.state === 'failed')
  }
  return last?.record.failure
}

test('when a checkpoint is asked for, then it is taken at once, and only what is retained stays on disk', async () => {
  const node = await cast.node()
  const params = { count: 1_000_000, rate: 2_000 }
  const job = await node.submit(cast.submission('counting-by-hand', params, { parallelism: 2 }))
  for (let checkpoint = 1; checkpoint <= 6; checkpoint++) {
    expect(await job.checkpointNow()).toMatchObject({ checkpoint, state: 'completed', cause: 'on-demand' })
  }
  const retained = [4, 5, 6]
  await until(
    async () => {
      const state = await cast.store().state(job.run)
      expect(state?.retained.map(({ checkpoint }) => checkpoint)).toEqual(retained)
      const named = new Set<string>(state?.retained.map(({ manifest }) => manifest.blob))
      for (const manifest of await manifests(job.run)) for (const blob of blobsOf(manifest)) named.add(blob)
      expect(blobFiles(job.run).sort()).toEqual([...named].sort())
      return true
    },
    { what: 'only what is retained is on disk' },
  )
  await job.cancel()
  expect((await job.ended).checkpoint).toBe(6)
})

test('when a part of the newest checkpoint is damaged, then nothing falls back to an older one', async () => {
  const first = await cast.node()
  const params = { count: 1_000_000, rate: 2_000 }
  const submission = cast.submission('counting-by-hand', params, { parallelism: 2 })
  const job = await first.submit(submission)
  await job.checkpointNow()
  await new Promise<void>((resolve) => job.follow(({ type }) => type === 'metrics' && resolve()))
  await job.checkpointNow()
  await first.stop()

  const newest = (await manifests(job.run)).at(-1)
  const part = newest?.subtasks.flatMap(({ operators }) =>
    operators.flatMap(({ keyed }) => keyed?.map(({ part }) => part) ?? []),
  )[0]
  const path = cast.path('state', 'blobs', ...(part?.blob.split('/') ?? []))
  const bytes = readFileSync(path)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(path, bytes)

  const second = await cast.node()
  const resumed = await second.resume(submission)
  const { outcome, error, checkpoint } = (await resumed?.ended) ?? {}
  expect([outcome, error?.code, checkpoint]).toEqual(['failed', 'RT1203', 2])
  expect(error?.where).toBe(path)
  const from = { ...submission, fromCheckpoint: `${job.run}/2` }
  await expect(second.submit(from)).rejects.toMatchObject({ code: 'RT1203' })
})

async function manifests(run: RunId): Promise<Manifest[]> {
  const retained = (await cast.store().state(run))?.retained ?? []
  return Promise.all(retained.map(({ manifest }) => loadManifest(cast.store().blobs, manifest)))
}

function blobFiles(run: RunId): string[] {
  const root = cast.path('state', 'blobs')
  if (!existsSync(join(root, run))) return []
  return readdirSync(join(root, run), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}
