import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '#src/kit/random.js'
import { RunningJob } from '../e2e/running-job.js'
import { Cast, Followed } from './cast.js'
import { expectCounted } from './counting-oracle.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

test('when the process is killed again and again, then the run goes on from its log and every record counts once', async () => {
  const random = seededRandom(7)
  const count = 4_000
  const { file, params } = cast.submission('counting-plain', { count, rate: 1_500, splits: 3 })
  const job = new RunningJob({ file, params, stateDirectory: cast.stateDirectory, slots: 2 })
  try {
    for (let kill = 0; kill < 3; kill++) {
      job.start()
      const wanted = job.progress.completedCheckpoints + 1 + Math.floor(random.next() * 3)
      await job.progress.until(
        'it has some more checkpoints',
        () => job.progress.completedCheckpoints >= wanted,
      )
      await job.kill()
      expect(job.progress.outcome).toBeUndefined()
    }
    job.start()
    await job.progress.until('it is finished', () => job.progress.outcome !== undefined)
    expect(job.progress.outcome).toBe('finished')
    expect(job.progress.attempt).toBe(4)
  } finally {
    await job.kill()
  }
  expectCounted(cast.path('output'), count)
})

test('when broken code is repaired between two processes, then the run goes on with its state', async () => {
  const params = { count: 1_500, rate: 1_500 }
  const poisoned = { ...params, poison: 900 }
  const first = await cast.node()
  const broken = new Followed(await first.submit(cast.submission('counting-plain', poisoned)))
  await broken.completed()
  await broken.next('failure')
  await broken.next('failure')
  await first.stop()

  const second = await cast.node()
  const repaired = await second.resume(cast.submission('counting-no-restart', params))
  expect(repaired?.run).toBe(broken.job.run)
  expect((await repaired?.ended)?.outcome).toBe('finished')
  expectCounted(cast.path('output'), 1_500)
  expect(await second.resume(cast.submission('counting-plain', params))).toBeUndefined()
})
