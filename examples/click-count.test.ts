import { job } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'
import { scripted, testJob } from 'retake/testing'
import { expect, test } from 'vitest'
import { Click } from './click.js'
import clickCount from './click-count.js'

const params = { brokers: 'none' }

test('when processes crash, then each click of a logged-in user counts once', async () => {
  const clicks = scripted([clickOf('ann'), clickOf('bob'), { ...clickOf('ann'), loggedIn: false }])
  const run = await testJob(clickCount, { params, parallelism: 2, sources: { clicks } })
  await run.checkpoint()
  clicks.add(clickOf('ann'))
  await run.advance('1s')

  run.crash()
  await run.untilRunning()
  clicks.add(clickOf('bob'), clickOf('bob'))
  run.crash('job-manager')
  await run.checkpoint()
  expect(run.sink('table').rows()).toEqual([
    { userId: 'ann', clicks: 2 },
    { userId: 'bob', clicks: 3 },
  ])
})

test('when no checkpoint is complete, then the table shows nothing yet', async () => {
  const run = await testJob(clickCount, { params, sources: { clicks: scripted([clickOf('ann')]) } })
  await run.advance('4s')
  expect(run.sink('table').committed()).toEqual([])

  await run.advance('2s') // its interval is 5 seconds
  expect(run.sink('table').committed()).toEqual([{ userId: 'ann', clicks: 1 }])
})

test('when a new version takes over at another parallelism, then it goes on with clicks and counts', async () => {
  const withoutHealth = job('click-count', (flow) =>
    flow
      .from('clicks', kafka.source({ brokers: 'none', topic: 'clicks', schema: Click }))
      .filter((click) => click.loggedIn && click.url !== '/health')
      .map((click) => ({ userId: click.userId, clicks: 1 }))
      .keyBy((row) => row.userId)
      .sum('count', 'clicks')
      .to(
        'table',
        postgres.sink({
          database: 'postgres://none',
          table: 'click_counts',
          key: ['user_id'],
          columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
        }),
      ),
  )
  const clicks = scripted([clickOf('ann'), clickOf('ann', '/health')], [clickOf('bob')])
  const before = await testJob(clickCount, { params, parallelism: 2, sources: { clicks } })
  await before.checkpoint()
  clicks.addTo(1, clickOf('ann'), clickOf('bob', '/health'))

  const restoreFrom = await before.stop()
  const after = await testJob(withoutHealth, { parallelism: 3, sources: { clicks }, restoreFrom })
  clicks.end()
  await after.untilFinished()
  expect(after.sink('table').rows()).toEqual([
    { userId: 'ann', clicks: 3 },
    { userId: 'bob', clicks: 1 },
  ])
})

function clickOf(userId: string, url = '/'): Click {
  return { userId, url, ts: 0, loggedIn: true }
}
