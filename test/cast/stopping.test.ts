import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cast, Followed } from './cast.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

test('when a node is stopped, then its jobs stay unended in their logs, whatever their restart strategy', async () => {
  const node = await cast.node()
  const numbers = cast.submission(
    'counting-no-restart',
    { count: 1_000_000, rate: 1_000 },
    { parallelism: 2 },
  )
  const job = new Followed(await node.submit(numbers))
  await job.completed(2)

  await node.stop()

  expect((await cast.store().state(job.job.run))?.ended).toBeUndefined()
  expect(job.of('failure')).toEqual([])
})
