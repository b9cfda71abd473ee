import { expect, test } from 'vitest'
import { Dispatcher, type Runnable, type SlowTurn, type TurnTrace } from '#src/actor/dispatcher.js'
import { ActorSystem } from '#src/actor/system.js'
import type { Clock } from '#src/kit/clock.js'
import type { SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { actorOf } from './system-fixture.js'

/** A clock whose time passes inside turns, and whose loop the test turns by hand. */
class HandClock implements Clock {
  time = 0
  readonly soonQueue: (() => void)[] = []

  now(): number {
    return this.time
  }

  wallTime(): number {
    return this.time
  }

  after(): () => void {
    return () => {}
  }

  soon(callback: () => void): void {
    this.soonQueue.push(callback)
  }

  /** One turn of the loop. */
  turn(): void {
    for (const callback of this.soonQueue.splice(0)) callback()
  }
}

class Busy implements Runnable {
  readonly address: Runnable['address']
  runs = 0
  readonly #work: () => boolean

  constructor(name: string, work: () => boolean = () => true) {
    this.address = name as Runnable['address']
    this.#work = work
  }

  run(turns: TurnTrace): boolean {
    this.runs++
    turns.add({ type: 'work' })
    return this.#work()
  }

  onSlow(): void {}
}

function dispatcherOn(clock: Clock, slow: SlowTurn[] = []): Dispatcher {
  return new Dispatcher(clock, (report) => slow.push(report), {
    sliceActors: 64,
    sliceMs: 5,
    turnWarnMs: 100,
  })
}

test('when actors never run out of work, then a slice ends after 64 runs and the loop turns', () => {
  const clock = new HandClock()
  const dispatcher = dispatcherOn(clock)
  const busy = [new Busy('a'), new Busy('b')]
  for (const runnable of busy) dispatcher.schedule(runnable)
  clock.turn()
  expect(busy.map(({ runs }) => runs)).toEqual([32, 32])
  expect(clock.soonQueue).toHaveLength(1)
})

test('when runs take long, then a slice ends after about 5 ms, and all get their turn in order', () => {
  const clock = new HandClock()
  const dispatcher = dispatcherOn(clock)
  const slowly = () => {
    clock.time += 2
    return true
  }
  const busy = ['a', 'b', 'c', 'd'].map((name) => new Busy(name, slowly))
  for (const runnable of busy) dispatcher.schedule(runnable)
  clock.turn()
  expect(busy.map(({ runs }) => runs)).toEqual([1, 1, 1, 0])
  clock.turn()
  expect(busy.map(({ runs }) => runs)).toEqual([2, 2, 1, 1])
})

test('when nothing is left to do, then the loop is left alone until there is', () => {
  const clock = new HandClock()
  const dispatcher = dispatcherOn(clock)
  const once = new Busy('a', () => false)
  dispatcher.schedule(once)
  clock.turn()
  expect(clock.soonQueue).toHaveLength(0)
  dispatcher.schedule(once)
  clock.turn()
  expect(once.runs).toBe(2)
})

test('when a run holds the thread too long, then the watchdog names the actor and the type of its message', () => {
  const clock = new HandClock()
  const slow: SlowTurn[] = []
  const dispatcher = dispatcherOn(clock, slow)
  dispatcher.schedule(new Busy('quick', () => false))
  dispatcher.schedule(
    new Busy('stuck', () => {
      clock.time += 101
      return false
    }),
  )
  dispatcher.schedule(new Busy('quick', () => false))
  clock.turn()
  clock.turn()
  expect(slow).toEqual([{ address: 'stuck', tookMs: 101, types: ['work'] }])
})

test('when many runs are long together, but none by itself, then nobody is named', () => {
  const clock = new HandClock()
  const slow: SlowTurn[] = []
  const limits = { sliceActors: 64, sliceMs: 10_000, turnWarnMs: 100 }
  const dispatcher = new Dispatcher(clock, (report) => slow.push(report), limits)
  for (const name of ['a', 'b', 'c']) {
    dispatcher.schedule(
      new Busy(name, () => {
        clock.time += 60
        return false
      }),
    )
  }
  clock.turn()
  expect(slow).toEqual([])
})

test('when an actor was slow once, then the next report names just the message', () => {
  const clock = new HandClock()
  const slow: SlowTurn[] = []
  const system = new ActorSystem({
    id: 'here' as SystemId,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    onSlowTurn: (report) => slow.push(report),
  })
  const ref = system.spawn(
    'stuck',
    actorOf<{ type: string }>({
      receive: (message) => {
        if (message.type === 'slow') clock.time += 500
      },
    }),
  )
  for (let round = 0; round < 2; round++) {
    for (const type of ['a', 'b', 'slow', 'c']) system.send(ref, { type })
    for (let i = 0; i < 20; i++) clock.turn()
  }
  expect(slow.map(({ types }) => types)).toEqual([['start', 'a', 'b', 'slow', 'c'], ['slow']])
  expect(slow[1]?.address).toBe('here.stuck')
  expect(system.counters().slowTurns).toBe(2)
})

test('when it is halted, then nothing that waits runs', () => {
  const clock = new HandClock()
  const dispatcher = dispatcherOn(clock)
  const busy = new Busy('a', () => {
    dispatcher.halt()
    return true
  })
  dispatcher.schedule(busy)
  dispatcher.schedule(busy)
  clock.turn()
  clock.turn()
  expect(busy.runs).toBe(1)
})
