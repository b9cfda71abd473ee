import { expect, test } from 'vitest'
import { ReceiveCredit, reservedPlaces, SendCredit } from '#src/channel/credit.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'

const window = { frames: 4, bytes: 1_000 }

test('when nothing was granted, then neither records nor events may go', () => {
  const credit = new SendCredit(reservedPlaces(1))
  expect([credit.isOpen, credit.maySendRecords(), credit.maySendEvent()]).toEqual([false, false, false])
})

test('when frames are used up, then events still have their places, and no more', () => {
  const credit = new SendCredit(reservedPlaces(1))
  credit.onGrant(4, 1_000)
  for (let i = 0; i < 4; i++) credit.onSent(10)
  expect(credit.maySendRecords()).toBe(false)
  expect([credit.maySendEvent(), credit.onSent(10)]).toEqual([true, 5])
  expect([credit.maySendEvent(), credit.onSent(10)]).toEqual([true, 6])
  expect(credit.maySendEvent()).toBe(false)
})

test('when a frame is larger than the window, then it goes, and the next one waits', () => {
  const credit = new SendCredit(reservedPlaces(1))
  credit.onGrant(4, 1_000)
  expect(credit.maySendRecords()).toBe(true)
  credit.onSent(50_000)
  expect(credit.maySendRecords()).toBe(false)
  credit.onGrant(5, 51_000)
  expect(credit.maySendRecords()).toBe(true)
})

test('when grants are lost, repeated or come in any order, then none is counted twice', () => {
  const credit = new SendCredit(reservedPlaces(1))
  for (const frames of [4, 9, 7, 9, 4]) credit.onGrant(frames, frames * 1_000)
  for (let i = 0; i < 9; i++) {
    expect(credit.maySendRecords()).toBe(true)
    credit.onSent(1)
  }
  expect(credit.maySendRecords()).toBe(false)
})

test('when a channel runs under any sizes and losses of grants, then it never stalls nor outgrows its window', () => {
  const random = seededRandom(5)
  for (let run = 0; run < 200; run++) {
    const sender = new SendCredit(reservedPlaces(1))
    const receiver = new ReceiveCredit(window)
    const inFlight: number[] = []
    let granted = receiver.grant()
    sender.onGrant(granted.frames, granted.bytes)
    for (let step = 0; step < 400; step++) {
      const isEvent = random.next() < 0.1
      const mayGo = isEvent ? sender.maySendEvent() : sender.maySendRecords()
      if (random.next() < 0.6 && mayGo) {
        const bytes = isEvent ? 10 : 1 + randomInteger(random, random.next() < 0.05 ? 5_000 : 300)
        sender.onSent(bytes)
        inFlight.push(bytes)
      }
      const taken = random.next() < 0.5 ? inFlight.shift() : undefined
      if (taken !== undefined && receiver.onTaken(taken)) {
        granted = receiver.grant()
        if (random.next() < 0.8) sender.onGrant(granted.frames, granted.bytes) // else it is lost
      }
      // However large the last frame of records is, what went before it was within the window.
      const bytes = inFlight.reduce((sum, each) => sum + each, 0) - Math.max(0, ...inFlight)
      const isBounded = inFlight.length <= window.frames + reservedPlaces(1) && bytes < window.bytes + 2 * 10
      if (!isBounded) throw new Error(`run ${run}, step ${step}: ${inFlight} in flight`)
    }
    // All taken, and the last grant told again, as a beacon asks for it: the channel goes on.
    for (const bytes of inFlight) receiver.onTaken(bytes)
    granted = receiver.grant()
    sender.onGrant(granted.frames, granted.bytes)
    expect(sender.maySendRecords()).toBe(true)
  }
})

test('when no grant is lost and all has been taken, then records may go without asking again', () => {
  const random = seededRandom(6)
  for (let run = 0; run < 200; run++) {
    const sender = new SendCredit(reservedPlaces(1))
    const receiver = new ReceiveCredit(window)
    const hear = ({ frames, bytes }: { frames: number; bytes: number }) => sender.onGrant(frames, bytes)
    hear(receiver.grant())
    for (let step = 0; step < 100; step++) {
      const bytes = 1 + randomInteger(random, 2_000)
      expect(sender.maySendRecords()).toBe(true)
      sender.onSent(bytes)
      if (receiver.onTaken(bytes)) hear(receiver.grant())
    }
  }
})
