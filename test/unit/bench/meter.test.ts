import { expect, test } from 'vitest'
import { Meter } from '../../../bench/suite/meter.js'

test('when the event loop does not turn, then collections are counted all the same', () => {
  const meter = new Meter()
  const kept: unknown[] = []
  for (let i = 0; i < 2_000_000; i++) kept[i % 50_000] = { i, text: `text ${i}` }
  const { seconds, cpuSeconds, gcSeconds } = meter.stop()

  expect(gcSeconds).toBeGreaterThan(0)
  expect(gcSeconds).toBeLessThan(seconds)
  expect(cpuSeconds).toBeGreaterThan(0)
  expect(seconds).toBeGreaterThan(0)
})
