import { describe, expect, test } from 'vitest'
import type { ActorRef, ExitReason } from '#src/actor/actor.js'
import { PeerLiveness } from '#src/actor/peer-liveness.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { SystemId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { actorOf, probe, systemOn, virtualSystem } from './system-fixture.js'

const crashing = actorOf<string>({
  receive: () => {
    throw new Error('crash')
  },
})

describe('within a system', () => {
  test('when a watched actor ends, then each watcher hears once, with the reason', async () => {
    const { clock, system } = virtualSystem()
    const target = system.spawn('target', crashing)
    const one = await probe<ExitReason>(system, clock, 'one')
    const two = await probe<ExitReason>(system, clock, 'two')
    one.ctx.watch(target, (reason) => reason)
    one.ctx.watch(target, (reason) => reason) // twice is once
    two.ctx.watch(target, (reason) => reason)
    system.send(target, 'go')
    await clock.advance(60_000)
    expect(one.heard).toMatchObject([{ kind: 'failed', error: { message: 'crash' } }])
    expect(two.heard).toMatchObject([{ kind: 'failed' }])
  })

  test('when it had ended already, then the watcher hears at once how', async () => {
    const { clock, system } = virtualSystem()
    const target = system.spawn('target', crashing)
    system.send(target, 'go')
    await clock.settle()
    const watcher = await probe<ExitReason>(system, clock)
    watcher.ctx.watch(target, (reason) => reason)
    watcher.ctx.watch({ address: 'here.never-was' as typeof target.address }, (reason) => reason)
    await clock.settle()
    expect(watcher.heard).toMatchObject([{ kind: 'failed' }, { kind: 'lost' }])
  })

  test('when it is unwatched before it ends, then nothing is heard', async () => {
    const { clock, system } = virtualSystem()
    const target = system.spawn('target', actorOf<string>({}))
    const watcher = await probe<ExitReason>(system, clock, 'watcher')
    watcher.ctx.watch(target, (reason) => reason)
    watcher.ctx.unwatch(target)
    system.stopActor(target)
    await clock.settle()
    expect(watcher.heard).toEqual([])
  })

  test('when it is unwatched while the news already waits, then nothing is heard', async () => {
    const { clock, system } = virtualSystem()
    const targets = ['t1', 't2'].map((name) => system.spawn(name, actorOf<string>({})))
    const watcher = await probe<string>(system, clock, 'watcher', {
      receive: (_, ctx) => {
        for (const target of targets) ctx.unwatch(target)
      },
    })
    for (const target of targets) watcher.ctx.watch(target, () => `${target.address} is down`)
    for (const target of targets) system.stopActor(target)
    await clock.settle()
    expect(watcher.heard).toEqual(['here.t1 is down'])
  })

  test('when it is watched again with another message, then that one comes', async () => {
    const { clock, system } = virtualSystem()
    const target = system.spawn('target', actorOf<string>({}))
    const watcher = await probe<string>(system, clock, 'watcher')
    watcher.ctx.watch(target, () => 'first')
    watcher.ctx.watch(target, () => 'second')
    system.stopActor(target)
    await clock.settle()
    watcher.ctx.watch(target, () => 'third')
    watcher.ctx.watch(target, () => 'fourth')
    await clock.settle()
    expect(watcher.heard).toEqual(['second', 'fourth'])
  })

  test('when a supervised child starts again under its name, then the watcher heard of the old one only', async () => {
    const { clock, system } = virtualSystem()
    const watcher = await probe<ExitReason>(system, clock, 'watcher')
    const first = system.spawn('name', actorOf<string>({}))
    watcher.ctx.watch(first, (reason) => reason)
    system.stopActor(first)
    await clock.settle()
    system.spawn('name', crashing)
    system.send(first, 'go')
    await clock.settle()
    expect(watcher.heard).toEqual([{ kind: 'shutdown' }])
  })
})

describe('between systems', () => {
  async function twoSystems(loss = 0) {
    const clock = new VirtualClock()
    const network = new SimulatedNetwork({ clock, random: seededRandom(7), loss })
    const here = systemOn(clock, { transports: [network.transport()] }, 'here')
    const there = systemOn(clock, { transports: [network.transport()] }, 'there')
    const target = there.spawn('target', crashing)
    const watcher = await probe<ExitReason>(here, clock, 'watcher')
    watcher.ctx.watch(target as ActorRef<unknown>, (reason) => reason)
    await clock.advance(5_000)
    return {
      clock,
      network,
      here,
      there,
      target,
      watcher,
      HERE: 'here' as SystemId,
      THERE: 'there' as SystemId,
    }
  }

  test('when the actor ends, then its watcher hears within a moment, once, with the reason', async () => {
    const { clock, there, target, watcher } = await twoSystems()
    there.send(target, 'go')
    await clock.advance(10)
    expect(watcher.heard).toMatchObject([{ kind: 'failed', error: { message: 'crash' } }])
    await clock.advance(100_000)
    expect(watcher.heard).toHaveLength(1)
  })

  test('when a third of all signals is lost, then the watcher still hears, once', async () => {
    const { clock, there, target, watcher } = await twoSystems(0.33)
    there.send(target, 'go')
    await clock.advance(10_000)
    expect(watcher.heard).toMatchObject([{ kind: 'failed' }])
  })

  test('when it ended unheard and another lives under its name, then the watcher hears of the end', async () => {
    const { clock, network, there, target, watcher, HERE, THERE } = await twoSystems()
    network.partition(HERE, THERE)
    there.send(target, 'go')
    await clock.settle()
    there.spawn('target', actorOf<string>({}))
    await clock.advance(3_000)
    expect(watcher.heard).toEqual([])
    network.heal(HERE, THERE)
    await clock.advance(3_000)
    expect(watcher.heard).toMatchObject([{ kind: 'failed' }])
  })

  test('when its process is killed, then two "nobody listens" 400 ms apart say so, in less than a second', async () => {
    const { clock, network, there, watcher, THERE } = await twoSystems()
    network.kill(THERE)
    await there.kill()
    const killedAt = clock.now()
    let heardAfter = 0
    while (watcher.heard.length === 0 && heardAfter < 5_000) {
      await clock.advance(10)
      heardAfter = clock.now() - killedAt
    }
    expect(watcher.heard).toEqual([{ kind: 'lost' }])
    expect(heardAfter).toBeGreaterThanOrEqual(400)
    expect(heardAfter).toBeLessThan(1_000)
  })

  test('when it is killed at whatever moment between two pings, then that is told as soon as it can be', async () => {
    for (let moment = 0; moment < 400; moment += 50) {
      const { clock, network, there, watcher, THERE } = await twoSystems()
      await clock.advance(2_000 + moment)
      network.kill(THERE)
      await there.kill()
      await clock.advance(850)
      expect(watcher.heard, `${moment} ms`).toEqual([{ kind: 'lost' }])
    }
  })

  test('when nobody listens in any of several systems, then only their silence tells; one that answers is enough', async () => {
    const clock = new VirtualClock()
    const network = new SimulatedNetwork({ clock, random: seededRandom(3) })
    const here = systemOn(clock, { transports: [network.transport()] }, 'here')
    const watcher = await probe<string>(here, clock, 'watcher')
    const others = ['one', 'two', 'three'].map((id) => {
      const system = systemOn(clock, { transports: [network.transport()] }, id)
      watcher.ctx.watch(system.spawn('target', actorOf<string>({})), ({ kind }) => `${id} ${kind}`)
      return system
    })
    await clock.advance(3_000)
    for (const system of others) await system.kill()
    await clock.advance(10_000)
    expect(watcher.heard).toEqual([])
    const again = systemOn(clock, { transports: [network.transport()] }, 'three')
    await clock.advance(2_000)
    // It answers that its actor is gone, and so is the word of the others.
    expect(watcher.heard.sort()).toEqual(['one lost', 'three lost', 'two lost'])
    await again.kill()
  })

  test('when nothing is heard of it, then it is lost after the full silence, not before', async () => {
    const { clock, network, watcher, HERE, THERE } = await twoSystems()
    network.partition(HERE, THERE)
    await clock.advance(24_000)
    expect(watcher.heard).toEqual([])
    await clock.advance(2_000)
    expect(watcher.heard).toEqual([{ kind: 'lost' }])
  })

  test('when our own link is down for an hour, then there is no verdict, and none for one time-out after', async () => {
    const { clock, network, watcher, HERE, THERE } = await twoSystems()
    network.linkDown(HERE)
    network.partition(HERE, THERE)
    await clock.advance(3_600_000)
    network.linkUp(HERE)
    await clock.advance(24_000)
    expect(watcher.heard).toEqual([])
    await clock.advance(2_000)
    expect(watcher.heard).toEqual([{ kind: 'lost' }])
  })

  test('when the watcher stops watching, then the systems stop pinging', async () => {
    const { clock, here, there, watcher, target } = await twoSystems()
    watcher.ctx.unwatch(target)
    await clock.advance(1_000)
    expect(here.counters().watchedSystems).toBe(0)
    expect(there.counters().watchingSystems).toBe(0)
  })
})

describe('the verdict on a peer', () => {
  const limits = { peerSilenceMs: 1_000, noResponderMs: 400, linkSteadyMs: 200 }

  test('when something is heard between two "nobody listens", then it lives', () => {
    const peer = new PeerLiveness(0, limits)
    expect(peer.onNoResponder(100)).toBe('alive')
    peer.onHeard(300)
    expect(peer.onNoResponder(550)).toBe('alive')
    expect(peer.onNoResponder(949)).toBe('alive')
    expect(peer.onNoResponder(950)).toBe('lost')
  })

  test('when "nobody listens" comes while our link is not steady, then it does not count', () => {
    const peer = new PeerLiveness(0, limits)
    peer.onLink('down', 100)
    expect(peer.onNoResponder(150)).toBe('alive')
    peer.onLink('up', 1_000)
    expect(peer.onNoResponder(1_100)).toBe('alive')
    expect(peer.onNoResponder(1_500)).toBe('alive') // the first that counts
    expect(peer.onNoResponder(1_900)).toBe('lost')
  })

  test('when our own thread was blocked, then that time is no silence', () => {
    const peer = new PeerLiveness(0, limits)
    peer.onLag(900)
    expect(peer.onTick(1_500)).toBe('alive')
    expect(peer.onTick(1_900)).toBe('lost')
  })
})
