import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cast, Followed, jobFile, published } from './cast.js'
import { expectCounted, range } from './counting-oracle.js'
import type { Tick } from './jobs/ticking.js'
import { lineIn } from './line-in.js'

const COUNT = 1_200

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

/** `path:line` of the first line of `file` that holds `text`. */
function placeOf(file: string, text: string): string {
  return `${file}:${lineIn(file, text)}`
}

const CHECK = placeOf(jobFile('counting'), "{ id: 'check' }")

test('when user code throws once, then the job starts again and every record counts once', async () => {
  const node = await cast.node()
  const params = { count: COUNT, rate: 1_500, poison: 700, once: cast.path('thrown') }
  const job = new Followed(await node.submit(cast.submission('counting-plain', params, { parallelism: 2 })))
  const end = await job.job.ended
  expect([end.outcome, end.error]).toEqual(['finished', undefined])
  expect(job.of('failure').map(({ error, restartInMs }) => [error.code, restartInMs])).toEqual([
    ['RT1601', 20],
  ])
  expectCounted(cast.path('output'), COUNT)
})

test('when user code always throws, then the job fails with the whole chain of causes once its strategy gives up', async () => {
  const node = await cast.node()
  const params = { count: COUNT, poison: 700 }
  const job = new Followed(
    await node.submit(cast.submission('counting-gives-up', params, { parallelism: 2 })),
  )
  const { outcome, error } = await job.job.ended
  expect(outcome).toBe('failed')
  expect(error).toMatchObject({
    code: 'RT1601',
    what: 'the function of "check" threw',
    why: 'Error: cannot be swallowed, at the record {"id":700,"key":"k3"}',
    where: CHECK,
    cause: {
      name: 'Error',
      message: 'cannot be swallowed',
      cause: { name: 'TypeError', message: 'it is poisonous' },
    },
  })
  expect(error?.cause?.stack).toContain(jobFile('counting'))
  expect(job.of('failure').map(({ restartInMs }) => restartInMs)).toEqual([20, 20, undefined])
  expect(job.attempts()).toBe(3)
  const statuses = job.of('status').map(({ status }) => status)
  expect(statuses.slice(-2)).toEqual(['FAILING', 'FAILED'])
})

test('when the job has no restart strategy, then its first failure is its end', async () => {
  const node = await cast.node()
  const job = new Followed(
    await node.submit(cast.submission('counting-no-restart', { count: COUNT, poison: 700 })),
  )
  const { outcome, error } = await job.job.ended
  expect([outcome, error?.code, job.attempts()]).toEqual(['failed', 'RT1601', 1])
})

test('when a failure cannot be cured by a restart, then the job fails at once, whatever its strategy', async () => {
  const node = await cast.node()
  const job = new Followed(await node.submit(cast.submission('keyless')))
  const { outcome, error } = await job.job.ended
  expect([outcome, error?.code, job.attempts()]).toEqual(['failed', 'RT1610', 1])
  expect(error?.where).toBe(placeOf(jobFile('keyless'), '.keyBy('))
})

test('when a timer throws, then the job starts again, and each tick comes once', async () => {
  const node = await cast.node()
  const params = { output: cast.path('ticks'), throwAt: 3, once: cast.path('thrown') }
  const job = new Followed(await node.submit(cast.submission('ticking', params, { parallelism: 2 })))
  const failure = await job.next('failure')
  expect(failure.error.code).toBe('RT1601')
  expect(failure.error.where).toBe(placeOf(jobFile('ticking'), '.process('))
  await allTicked(job, 6)
  await job.job.cancel()
  await job.job.ended
  expectTicks()
})

test('when a slot crashes, then state and timers of a process operator survive, and each tick comes once', async () => {
  const node = await cast.node()
  const job = new Followed(
    await node.submit(cast.submission('ticking', { output: cast.path('ticks') }, { parallelism: 2 })),
  )
  await allTicked(job, 2)
  await node.crashSlot()
  await job.running()
  await allTicked(job, 5)
  await job.job.cancel()
  await job.job.ended
  expectTicks()
})

/** Every key has published that many ticks. */
async function allTicked(job: Followed, ticks: number): Promise<void> {
  for (;;) {
    await job.completed()
    const keys = new Set(
      published<Tick>(cast.path('ticks'))
        .filter(({ tick }) => tick >= ticks)
        .map(({ key }) => key),
    )
    if (keys.size === 17) return
  }
}

function expectTicks(): void {
  const byKey = new Map<string, Tick[]>()
  for (const tick of published<Tick>(cast.path('ticks'))) {
    byKey.set(tick.key, [...(byKey.get(tick.key) ?? []), tick])
  }
  for (const ticks of byKey.values()) {
    ticks.sort((a, b) => a.tick - b.tick)
    expect(ticks.map(({ tick }) => tick)).toEqual(range(ticks.length).map((index) => index + 1))
    const seen = ticks.map(({ seen }) => seen)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  }
}
