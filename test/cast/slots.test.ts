import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cast, Followed } from './cast.js'
import { expectCounted } from './counting-oracle.js'
import { Parts } from './parts.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

test('when there are too few slots, then the job waits, says so, and goes on when another job lets its slots go', async () => {
  const node = await cast.node({ slots: 2 })
  const forEver = { count: 1_000_000, rate: 1_000, output: cast.path('other') }
  const other = new Followed(await node.submit(cast.submission('counting-by-hand', forEver)))
  await other.running()
  const job = new Followed(
    await node.submit(cast.submission('counting-plain', { count: 500 }, { parallelism: 2 })),
  )
  const waiting = await job.next('status', ({ reason }) => reason?.includes('slots') ?? false)
  expect(waiting).toMatchObject({
    status: 'CREATED',
    reason: 'waiting for slots: needs 2 slots, 1 free on 1 task manager: 1 slot missing',
  })
  await other.job.cancel()
  expect((await job.job.ended).outcome).toBe('finished')
  expectCounted(cast.path('output'), 500)
})

test('when the slots never come, then the job fails with RT1511, and one canceled meanwhile is canceled', async () => {
  const node = await cast.node({ slots: 1, slotRequestMs: 600 })
  const submission = cast.submission('counting-plain', { count: 500 }, { parallelism: 2 })
  const canceled = new Followed(await node.submit(submission))
  await canceled.next('status', ({ reason }) => reason?.includes('slots') ?? false)
  await canceled.job.cancel()
  expect((await canceled.job.ended).outcome).toBe('canceled')

  const job = await node.submit(submission)
  const { outcome, error } = await job.ended
  expect([outcome, error?.code]).toEqual(['failed', 'RT1511'])
  expect(error?.why).toBe('needs 2 slots, 1 free on 1 task manager: 1 slot missing')
  const small = await node.submit(cast.submission('counting-plain', { count: 500 }))
  expect((await small.ended).outcome).toBe('finished')
})

test('when a slot is stuck in user code, then it is terminated after a cancel, and is free again', async () => {
  const node = await cast.node({ slots: 1 })
  const job = new Followed(await node.submit(cast.submission('stuck')))
  await job.next('checkpoint', ({ record }) => record.state === 'opening')
  const canceledAt = performance.now()
  await job.job.cancel()
  expect((await job.job.ended).outcome).toBe('canceled')
  expect(performance.now() - canceledAt).toBeLessThan(8_000)
  const next = await node.submit(cast.submission('counting-plain', { count: 500 }))
  expect((await next.ended).outcome).toBe('finished')
})

test('when another task manager appears, then a job that waits for slots goes on, and when one dies it restarts on the rest', async () => {
  const cluster = await Parts.start(cast)
  try {
    cluster.addTaskManager('one', 1)
    const events = await cluster.submit('counting-plain', { count: 3_000, rate: 1_500 }, 2)
    await events.until(
      ({ type, ...event }) =>
        type === 'status' && 'reason' in event && event.reason?.includes('1 slot missing') === true,
    )
    const two = cluster.addTaskManager('two', 1)
    await events.until((event) => event.type === 'checkpoint' && event.record.state === 'completed')
    cluster.addTaskManager('three', 1)
    cluster.system.killActor(two)
    const failure = await events.until((event) => event.type === 'failure')
    expect(failure).toMatchObject({ error: { code: 'RT1512' } })
    expect(await events.until((event) => event.type === 'ended')).toMatchObject({ outcome: 'finished' })
    expectCounted(cast.path('output'), 3_000)
  } finally {
    await cluster.system.stop()
  }
})
