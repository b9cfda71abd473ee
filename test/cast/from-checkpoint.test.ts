import { afterEach, beforeEach, expect, test } from 'vitest'
import { JobIntake } from '#actors/job-intake.js'
import { orderOf } from '#actors/job-order.js'
import type { JobHandle, JobSubmission, Node } from '#actors/node.js'
import { BundleCache } from '#src/cluster/bundle-cache.js'
import { DirectoryStateStore } from '#src/cluster/directory-state-store.js'
import { bundlePlanner } from '#src/cluster/job-planner.js'
import { loadConnectors } from '#src/connector/built-in.js'
import { systemClock } from '#src/kit/clock.js'
import { Cast, Followed, published } from './cast.js'
import { type Count, countsByKey, expectCounted, expectedCounts, range, sorted } from './counting-oracle.js'
import type { Numbered } from './jobs/numbers.js'

const COUNT = 3_000
const PARAMS = { count: COUNT, rate: 1_500, splits: 3 }

let cast: Cast
let node: Node
beforeEach(async () => {
  cast = new Cast()
  node = await cast.node()
})
afterEach(() => cast.stop())

/** Starts `counting`, and cancels it after two checkpoints. */
async function canceled(name: string, parallelism: number, fromCheckpoint?: string): Promise<Canceled> {
  const job = await node.submit(cast.submission(name, PARAMS, { parallelism, fromCheckpoint }))
  await new Followed(job).completed(2)
  await job.cancel()
  const { outcome, checkpoint } = await job.ended
  expect(outcome).toBe('canceled')
  return { job, checkpoint: checkpoint ?? Number.NaN }
}

interface Canceled {
  readonly job: JobHandle
  readonly checkpoint: number
}

function submission(name: string, parallelism: number, fromCheckpoint: string, allowRepeatedRows = false) {
  return cast.submission(name, PARAMS, { parallelism, fromCheckpoint, allowRepeatedRows })
}

/** What a submission does, up to the first entry of the log. */
async function prepared(submission: JobSubmission) {
  const state = new DirectoryStateStore({ directory: cast.stateDirectory })
  const bundles = new BundleCache({ directory: cast.path('bundles'), documents: state.documents })
  const intake = new JobIntake({
    store: cast.store(),
    planner: bundlePlanner(bundles, systemClock),
    connectors: loadConnectors,
  })
  const { order, bundle } = await orderOf(submission)
  await intake.keepBundle(bundle)
  return intake.submit(await intake.draft(order))
}

test('when a canceled job goes on from its checkpoint with 2, 3 and 1 subtasks, then all its runs together are exact', async () => {
  const first = await canceled('counting-plain', 2)
  const second = await canceled('counting-plain', 3, String(first.checkpoint))
  // By path, this time.
  const retained = (await cast.store().state(second.job.run))?.retained.at(-1)
  const manifest = cast.path('state', 'blobs', ...(retained?.manifest.blob.split('/') ?? []))
  const last = await node.submit(submission('counting-plain', 1, manifest))
  expect((await last.ended).outcome).toBe('finished')
  expectCounted(cast.path('output'), COUNT)
})

test('when a job goes on from a checkpoint, then it keeps max parallelism, and is refused another one', async () => {
  const { job, checkpoint } = await canceled('counting-seven-groups', 2)
  expect(groupsOf(job)).toEqual([7])
  const other = await canceled('counting-plain', 3, `${job.run}/${checkpoint}`)
  expect(groupsOf(other.job)).toEqual([7])
  const refused = node.submit(submission('counting-nine-groups', 2, `${other.job.run}/${other.checkpoint}`))
  await expect(refused).rejects.toMatchObject({ code: 'RT1205' })
})

function groupsOf({ plan }: JobHandle): number[] {
  return [...new Set(plan.vertices.map(({ maxParallelism }) => maxParallelism))]
}

test('when a checkpoint is not there or not of this graph, then the job is refused and nothing is submitted', async () => {
  const { checkpoint } = await canceled('counting-plain', 2)
  const id = String(checkpoint)
  for (const [name, from, code] of [
    ['counting-plain', '99999', 'RT1209'],
    ['counting-plain', `nobody/${id}`, 'RT1209'],
    ['counting-plain', cast.path('nowhere'), 'RT1209'],
    ['counting-gone', id, 'RT1206'],
    ['counting-added', id, 'RT1207'],
    ['counting-other-kind', id, 'RT1208'],
  ] as const) {
    await expect(node.submit(submission(name, 2, from)), name).rejects.toMatchObject({
      code,
      fix: expect.stringMatching(/\w/),
    })
  }
  expect(await cast.store().runs()).toHaveLength(1)
})

test('when a run starts from a checkpoint that the sink is ahead of, then it fails, unless repeated rows are accepted', async () => {
  const job = await node.submit(cast.submission('counting-plain', PARAMS, { parallelism: 2 }))
  const old = await new Followed(job).completed(1)
  const followed = new Followed(job)
  await followed.completed(1)
  const retained = (await cast.store().state(job.run))?.retained.map(({ checkpoint }) => checkpoint)
  expect(retained).toContain(old)
  await followed.completed(1)
  await job.cancel()
  await job.ended

  const second = await node.submit(submission('counting-no-restart', 2, `${job.run}/${old}`))
  const { outcome, error } = await second.ended
  expect([outcome, error?.code]).toEqual(['failed', 'RT1214'])

  const third = await node.submit(submission('counting-no-restart', 2, `${job.run}/${old}`, true))
  expect((await third.ended).outcome).toBe('finished')
  const ids = published<Numbered>(cast.path('output', 'plain')).map(({ id }) => id)
  expect(ids.length).toBeGreaterThan(COUNT)
  expect(sorted([...new Set(ids)])).toEqual(range(COUNT))
})

test('when two runs start from one checkpoint, then each is exact together with the run that took it', async () => {
  const first = await canceled('counting-plain', 2)
  const from = `${first.job.run}/${first.checkpoint}`
  const second = await canceled('counting-plain', 2, from)
  const third = await node.submit(submission('counting-plain', 3, from))
  expect((await third.ended).outcome).toBe('finished')

  const of = (run: string) => (name: string) => name.startsWith(`part-${run}-`)
  const [isFirst, isSecond] = [of(first.job.run), of(second.job.run)]
  const plain = cast.path('output', 'plain')
  const seconds = published<Numbered>(plain, isSecond).map(({ id }) => id)
  expect(seconds.length).toBeGreaterThan(0)
  const others = published<Numbered>(plain, (name) => !isSecond(name)).map(({ id }) => id)
  expect(sorted(others)).toEqual(range(COUNT))
  const firsts = published<Numbered>(plain, isFirst).map(({ id }) => id)
  const together = sorted([...firsts, ...seconds])
  expect(together).toEqual([...new Set(together)])
  const counted = published<Count>(cast.path('output', 'counted'), (name) => !isSecond(name))
  expect(countsByKey(counted)).toEqual(expectedCounts(range(COUNT)))
})

test('when the process is killed before a run has written its first checkpoint, then the next one goes on with it', async () => {
  const first = await canceled('counting-plain', 2)
  await node.stop()
  const { run } = await prepared(submission('counting-plain', 2, String(first.checkpoint)))

  node = await cast.node()
  const again = await node.resume(cast.submission('counting-plain', PARAMS, { parallelism: 3 }))
  expect(again?.run).toBe(run)
  expect((await again?.ended)?.outcome).toBe('finished')
  expectCounted(cast.path('output'), COUNT)
})
