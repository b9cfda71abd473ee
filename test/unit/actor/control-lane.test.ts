import { expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import { ControlLane, Conversion, DueTimer } from '#src/actor/control-lane.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'

test('when the lane grows and wraps, then each message comes in its turn, with its own slip', () => {
  const lane = new ControlLane(1_000)
  const random = seededRandom(1)
  const model: { message: number; slip: unknown }[] = []
  const slips = [
    undefined,
    { address: 'here.asker' as Address, correlation: 1 },
    new Conversion(() => {}),
    new DueTimer('key', 1),
  ]
  for (let i = 0; i < 5_000; i++) {
    if (random.next() < 0.55) {
      const slip = slips[randomInteger(random, 4)]
      if (slip instanceof Conversion || slip instanceof DueTimer) lane.pushOwn(i, slip)
      else expect(lane.offer(i, slip)).toBe(true)
      model.push({ message: i, slip })
    } else if (lane.length > 0) {
      const expected = model.shift()
      expect(lane.slip).toBe(expected?.slip)
      expect(lane.shift()).toBe(expected?.message)
    }
    expect(lane.length).toBe(model.length)
  }
})

test('when the lane is full, then one message makes room for one, and own affairs have room in any case', () => {
  const lane = new ControlLane(2)
  const replyTo = { address: 'here.asker' as Address, correlation: 1 }
  lane.pushOwn('own', new Conversion(() => {}))
  expect([lane.offer(1, undefined), lane.offer(2, replyTo), lane.offer(3, undefined)]).toEqual([
    true,
    true,
    false,
  ])
  lane.pushOwn('own', new DueTimer('key', 1))
  expect(lane.shift()).toBe('own')
  expect(lane.offer(3, undefined)).toBe(false)
  lane.shift()
  expect(lane.offer(3, undefined)).toBe(true)
  lane.shift()
  expect(lane.offer(4, undefined)).toBe(true)
  expect(lane.offer(5, undefined)).toBe(false)
})
