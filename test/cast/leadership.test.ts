import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '#src/kit/clock.js'
import { Cast, Followed } from './cast.js'
import { expectCounted } from './counting-oracle.js'

const COUNT = 2_500
const PARAMS = { count: COUNT, rate: 1_500 }

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

/** Its wall clock throws when it is told to: whoever reads it next crashes. */
class BreakableClock implements Clock {
  readonly now = systemClock.now
  readonly after = systemClock.after
  readonly soon = systemClock.soon
  isBroken = false

  wallTime(): number {
    if (!this.isBroken) return systemClock.wallTime()
    this.isBroken = false
    throw new Error('the clock is broken')
  }
}

test('when the job master crashes, then it takes its job over under a new epoch and every record counts once', async () => {
  const clock = new BreakableClock()
  const node = await cast.node({ clock })
  const job = new Followed(await node.submit(cast.submission('counting-plain', PARAMS, { parallelism: 2 })))
  for (let crash = 0; crash < 2; crash++) {
    await job.completed(2)
    const again = job.running()
    clock.isBroken = true
    await again
  }
  const end = await job.job.ended
  expect([end.outcome, end.error]).toEqual(['finished', undefined])
  // The restart strategy of the job was not asked: no failure of its own.
  expect(job.of('failure')).toEqual([])
  expect(job.of('attempt').map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  expect(job.of('attempt').at(-1)?.from).toBeGreaterThan(0)
  expectCounted(cast.path('output'), COUNT)
})

test('when a second node takes a run over, then the first one steps down and every record counts once', async () => {
  // Long enough that the second node finds it running, on a machine that is busy, too.
  const count = 9_000
  const params = { count, rate: 1_500 }
  const first = await cast.node()
  const job = new Followed(await first.submit(cast.submission('counting-plain', params, { parallelism: 2 })))
  await job.completed(2)
  const second = await cast.node()
  const suspended = job.next('status', ({ status }) => status === 'SUSPENDED')
  const taken = await second.resume(cast.submission('counting-plain', params, { parallelism: 2 }))
  expect(taken?.run).toBe(job.job.run)
  await suspended
  await expect(job.job.ended).rejects.toMatchObject({ code: 'RT1513' })
  expect((await taken?.ended)?.outcome).toBe('finished')
  expectCounted(cast.path('output'), count)
  // Its slots are free again: as many as it has are asked for.
  const next = await first.submit(
    cast.submission('counting-plain', { count: 10, output: cast.path('next') }, { parallelism: 4 }),
  )
  expect((await next.ended).outcome).toBe('finished')
})

test('when a job is resumed by the node that runs it, then it is the same run', async () => {
  const node = await cast.node()
  const job = await node.submit(cast.submission('counting-plain', PARAMS))
  const again = await node.resume(cast.submission('counting-plain', PARAMS))
  expect(again?.run).toBe(job.run)
  const ends = await Promise.all([job.ended, again?.ended])
  expect(ends.map((end) => end?.outcome)).toEqual(['finished', 'finished'])
  expectCounted(cast.path('output'), COUNT)
})

test('when a job is canceled and asked for a checkpoint before it has begun, then it is canceled', async () => {
  const node = await cast.node()
  const job = await node.submit(cast.submission('counting-plain', PARAMS))
  void job.checkpointNow().catch(() => undefined)
  await job.cancel()
  const end = await job.ended
  expect([end.outcome, end.error]).toEqual(['canceled', undefined])
  expect(await node.resume(cast.submission('counting-plain', PARAMS))).toBeUndefined()
  // Whoever comes later hears it, too.
  const heard = new Promise((resolve) =>
    job.follow((event) => event.type === 'ended' && resolve(event.outcome)),
  )
  expect(await heard).toBe('canceled')
})
