import { existsSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cast, Followed, published } from './cast.js'
import { expectCounted, range, sorted } from './counting-oracle.js'
import type { Numbered } from './jobs/numbers.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

test.each([
  { count: 1_001, splits: 3, parallelism: 2, what: 'splits of different lengths' },
  { count: 500, splits: 2, parallelism: 4, what: 'more subtasks than splits' },
  { count: 2, splits: 3, parallelism: 3, what: 'an empty split' },
  { count: 0, splits: 2, parallelism: 2, what: 'no record at all' },
])('when a bounded job has $what, then it is finished once everything is published', async (options) => {
  const { count, splits, parallelism } = options
  const node = await cast.node()
  const job = await node.submit(cast.submission('counting-by-hand', { count, splits }, { parallelism }))
  const followed = new Followed(job)
  let publishedAtEnd: number[] | undefined
  job.follow((event) => {
    if (event.type !== 'status' || event.status !== 'FINISHED') return
    publishedAtEnd = published<Numbered>(cast.path('output', 'plain')).map(({ id }) => id)
  })
  const end = await job.ended
  expect([end.outcome, end.error]).toEqual(['finished', undefined])
  expect(sorted(publishedAtEnd ?? [])).toEqual(range(count))
  expectCounted(cast.path('output'), count)
  // The interval is an hour: only the final checkpoint was taken.
  const completed = followed.of('checkpoint').filter(({ record }) => record.state === 'completed')
  expect(completed.map(({ record }) => [record.cause, record.acknowledged])).toEqual([
    ['final', job.plan.vertices.length * parallelism],
  ])
  expect(end.checkpoint).toBe(completed[0]?.record.checkpoint)
})

test('when a sink has not confirmed everything, then the job is not finished, whatever is complete', async () => {
  const node = await cast.node()
  const [gate, confirmed] = [cast.path('gate'), cast.path('confirmed')]
  const job = await node.submit(cast.submission('slow-to-confirm', { count: 100, gate, confirmed }))
  const followed = new Followed(job)
  let wasConfirmed: boolean | undefined
  job.follow((event) => {
    if (event.type === 'status' && event.status === 'FINISHED') wasConfirmed = existsSync(confirmed)
  })
  await followed.next('checkpoint', ({ record }) => record.cause === 'final' && record.state === 'completed')
  await followed.next('metrics')
  writeFileSync(gate, '')
  expect((await job.ended).outcome).toBe('finished')
  expect(wasConfirmed).toBe(true)
})
