import { type ProcessContext, state } from 'retake'
import { operatorHarness } from 'retake/testing'
import { expect, test } from 'vitest'
import type { Click } from './click.js'
import { bursts } from './click-bursts.js'

const definition = { key: (click: Click) => click.userId, process: bursts }

test('when a user clicks for the tenth time within a minute, then that is told once', async () => {
  const harness = await operatorHarness(definition)
  for (let i = 0; i < 9; i++) harness.receive(clickOf('ann'))
  harness.receive(clickOf('bob'))
  expect(harness.takeEmitted()).toEqual([])

  harness.receive(clickOf('ann'))
  harness.receive(clickOf('ann'))
  expect(harness.takeEmitted()).toEqual([{ userId: 'ann', at: harness.now() }])
})

test('when the minute of a user is over, then counting begins anew', async () => {
  const harness = await operatorHarness(definition)
  for (let i = 0; i < 9; i++) harness.receive(clickOf('ann'))
  expect(harness.timers('ann')).toEqual([{ at: harness.now() + 60_000, tag: undefined }])

  harness.advance('1m')
  expect(harness.state('ann', 'clicks')).toBe(0)
  harness.receive(clickOf('ann'))
  expect(harness.takeEmitted()).toEqual([])
})

test('when a new version takes over, then it goes on with the counts of the old one', async () => {
  const kept = { clicks: state.value(0), silent: state.value(false) }
  const oncePerUser = {
    state: kept,
    *onRecord(_: Click, ctx: ProcessContext<string, typeof kept>) {
      ctx.state.clicks.update((clicks) => clicks + 1)
      if (ctx.state.silent.get() || ctx.state.clicks.get() < 10) return
      ctx.state.silent.set(true)
      yield { userId: ctx.key, at: ctx.now() }
    },
    onTimer: bursts.onTimer,
  }
  const before = await operatorHarness(definition)
  for (let i = 0; i < 9; i++) before.receive(clickOf('ann'))

  const restoreFrom = await before.snapshot()
  const after = await operatorHarness({ ...definition, process: oncePerUser }, { restoreFrom })
  after.receive(clickOf('ann'))
  expect(after.takeEmitted()).toHaveLength(1)
  after.advance('1m')
  for (let i = 0; i < 10; i++) after.receive(clickOf('ann'))
  expect(after.takeEmitted()).toEqual([])
})

function clickOf(userId: string): Click {
  return { userId, url: '/', ts: 0, loggedIn: true }
}
