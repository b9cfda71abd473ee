import { scripted, testJob } from 'retake/testing'
import { expect, test } from 'vitest'
import type { Click } from './click.js'
import clickCount from './click-count.js'

const params = { brokers: 'none' } // a test connects to nothing

test('when processes crash, then each click of a logged-in user counts once', async () => {
  const clicks = scripted([clickOf('ann'), clickOf('bob'), { ...clickOf('ann'), loggedIn: false }])
  const run = await testJob(clickCount, { params, parallelism: 2, sources: { clicks } })
  await run.checkpoint()
  clicks.add(clickOf('ann'))
  await run.advance('1s')

  run.crash()
  await run.untilRunning()
  await run.checkpoint()
  expect(run.sink('table').rows()).toEqual([
    { userId: 'ann', clicks: 2 },
    { userId: 'bob', clicks: 1 },
  ])
})

function clickOf(userId: string): Click {
  return { userId, url: '/', loggedIn: true }
}
