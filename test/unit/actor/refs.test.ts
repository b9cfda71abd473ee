import { expect, test } from 'vitest'
import type { ActorRef } from '#src/actor/actor.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { Listener, probe, systemOn, virtualSystem } from './system-fixture.js'

test('when an actor was started anew under its address, then a ref to the first one reaches the second', async () => {
  const { clock, system } = virtualSystem()
  const [first, second] = [new Listener<string>(), new Listener<string>()]
  const ref = system.spawn('a', first)
  await clock.settle()
  system.stopActor(ref)
  await clock.settle()
  system.send(ref, 'between')
  system.spawn('a', second)
  system.send(ref, 'after')
  await clock.settle()
  expect(first.heard).toEqual([])
  expect(second.heard).toEqual(['after'])
  expect(system.counters().deadLetters.byReason).toEqual({ 'no-such-actor': 1 })
})

test('when a ref is handed to another system of the thread, then what that one sends goes by its transports', async () => {
  const clock = new VirtualClock()
  const [here, there] = [systemOn(clock, {}, 'here'), systemOn(clock, {}, 'there')]
  const listener = new Listener<string>()
  const ref = here.spawn('a', listener)
  const sender = await probe<string>(there, clock, 'b')
  sender.ctx.send(ref, 'by none')
  await clock.settle()
  expect(listener.heard).toEqual([])
  expect(there.counters().deadLetters.byReason).toEqual({ 'no-route': 1 })
})

test('when a ref travels as data, then it is its address', async () => {
  const { clock, system } = virtualSystem()
  const listener = new Listener<string>()
  const ref = system.spawn('a', listener)
  const travelled: ActorRef<string> = structuredClone(ref)
  expect(travelled).toStrictEqual({ address: 'here.a' })
  expect(JSON.stringify(ref)).toBe('{"address":"here.a"}')
  system.send(travelled, 'word')
  await clock.settle()
  expect(listener.heard).toEqual(['word'])
})
