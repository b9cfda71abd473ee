import { expect, test } from 'vitest'
import type { ActorRef, ExitReason } from '#src/actor/actor.js'
import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { Supervisor, type SupervisorMessage, supervisedRef } from '#src/actor/supervisor.js'
import { seededRandom } from '#src/kit/random.js'
import { actorOf, virtualSystem } from './system-fixture.js'

const fixed = (attempts: number, delay = 100) =>
  restartStrategyOf({ type: 'fixed-delay', attempts, delay }, seededRandom(1))

/** A child that tells its life, and crashes on any message. */
function mortal(story: string[], name: string, startFails: () => boolean = () => false) {
  return {
    id: name,
    start: () =>
      actorOf<string>({
        start: () => {
          if (startFails()) throw new Error(`${name} cannot start`)
          story.push(`${name} up`)
        },
        receive: () => {
          throw new Error(`${name} crashed`)
        },
        stop: (reason) => story.push(`${name} ${reason.kind}`),
      }),
  }
}

function spawned(supervisor: Supervisor) {
  const { clock, system } = virtualSystem()
  let ended: ExitReason | undefined
  const ref: ActorRef<SupervisorMessage> = system.spawn('sup', supervisor, {
    onExit: (reason) => (ended = reason),
  })
  const child = (id: string) => supervisedRef<string>(ref, id)
  return { clock, system, ref, child, ended: () => ended }
}

test('when a child crashes under one-for-one, then it is back after the delay, at the same address', async () => {
  const story: string[] = []
  const s = spawned(
    new Supervisor({ restarts: fixed(3), children: [mortal(story, 'a'), mortal(story, 'b')] }),
  )
  await s.clock.settle()
  s.system.send(s.child('a'), 'x')
  await s.clock.advance(99)
  expect(story).toEqual(['a up', 'b up', 'a failed'])
  await s.clock.advance(1)
  expect(story.at(-1)).toBe('a up')
  expect(s.system.tree().children[0]?.children).toMatchObject([{ restarts: 0 }, { restarts: 1 }])
})

test('when a child crashes under one-for-all, then the others are stopped and all start again', async () => {
  const story: string[] = []
  const children = ['a', 'b', 'c'].map((name) => mortal(story, name))
  const s = spawned(new Supervisor({ strategy: 'one-for-all', restarts: fixed(3), children }))
  await s.clock.settle()
  story.length = 0
  s.system.send(s.child('b'), 'x')
  await s.clock.advance(100)
  expect(story).toEqual(['b failed', 'c shutdown', 'a shutdown', 'a up', 'b up', 'c up'])
})

test('when the strategy gives up, then the supervisor ends with gave-up and the cause, after its children', async () => {
  const story: string[] = []
  const s = spawned(
    new Supervisor({ restarts: fixed(1), children: [mortal(story, 'a'), mortal(story, 'b')] }),
  )
  await s.clock.settle()
  s.system.send(s.child('b'), 'x')
  await s.clock.advance(100)
  s.system.send(s.child('b'), 'x')
  await s.clock.advance(100)
  expect(story.at(-1)).toBe('a shutdown')
  expect(s.ended()).toMatchObject({
    kind: 'gave-up',
    error: { message: 'gave up restarting child b', cause: { message: 'b crashed' } },
  })
})

test('when a child cannot start at start-up, then the started ones are stopped and the supervisor has failed', async () => {
  const story: string[] = []
  const children = [mortal(story, 'a'), mortal(story, 'b', () => true), mortal(story, 'c')]
  const s = spawned(new Supervisor({ restarts: fixed(3), children }))
  await s.clock.settle()
  expect(story).toEqual(['a up', 'b failed', 'a shutdown'])
  expect(s.ended()).toMatchObject({
    kind: 'failed',
    error: { message: 'child b did not start', cause: { message: 'b cannot start' } },
  })
})

test('when a restart fails, then it is tried again after another delay', async () => {
  const story: string[] = []
  let starts = 0
  const s = spawned(
    new Supervisor({ restarts: fixed(5), children: [mortal(story, 'a', () => ++starts === 2)] }),
  )
  await s.clock.settle()
  s.system.send(s.child('a'), 'x')
  await s.clock.advance(199)
  expect(story.filter((line) => line === 'a up')).toHaveLength(1)
  await s.clock.advance(1)
  expect(story.filter((line) => line === 'a up')).toHaveLength(2)
})

test('when making the actor throws, then that is a failed start, not a crash of the supervisor', async () => {
  const broken = {
    id: 'a',
    start: () => {
      throw new Error('no such class')
    },
  }
  const s = spawned(new Supervisor({ restarts: fixed(3), children: [broken] }))
  await s.clock.settle()
  expect(s.ended()).toMatchObject({
    error: { message: 'child a did not start', cause: { message: 'no such class' } },
  })
})

test('when a supervisor below gives up, then the one above sees an abnormal end and starts it again', async () => {
  const story: string[] = []
  const inner = {
    id: 'inner',
    restart: 'transient' as const,
    shutdownMs: Infinity,
    start: () => new Supervisor({ restarts: fixed(0), children: [mortal(story, 'a')] }),
  }
  const s = spawned(new Supervisor({ restarts: fixed(3), children: [inner] }))
  await s.clock.settle()
  s.system.send({ address: `${s.child('inner').address}.a` as never }, 'x')
  await s.clock.advance(100)
  expect(story).toEqual(['a up', 'a failed', 'a up'])
  expect(s.ended()).toBeUndefined()
})

test('when a supervisor below cannot start its children, then it has not started itself', async () => {
  const story: string[] = []
  const inner = (name: string, startFails: () => boolean) => ({
    id: name,
    start: () =>
      new Supervisor({ restarts: fixed(0), children: [mortal(story, `${name}-child`, startFails)] }),
  })
  const children = [inner('x', () => false), inner('y', () => true), inner('z', () => false)]
  const s = spawned(new Supervisor({ restarts: fixed(3), children }))
  await s.clock.settle()
  expect(story).toEqual(['x-child up', 'y-child failed', 'x-child shutdown'])
  expect(s.ended()).toMatchObject({ kind: 'failed', error: { message: 'child y did not start' } })
})

test('when a significant child ends, then the supervisor ends normally, its others stopped', async () => {
  const story: string[] = []
  const worker = {
    id: 'w',
    restart: 'transient' as const,
    significant: true,
    start: () => actorOf<string>({ receive: (_, ctx) => ctx.exit() }),
  }
  const children = [worker, mortal(story, 'a')]
  const s = spawned(new Supervisor({ restarts: fixed(3), autoShutdown: 'any-significant', children }))
  await s.clock.settle()
  s.system.send(s.child('w'), 'done')
  await s.clock.settle()
  expect(story).toEqual(['a up', 'a shutdown'])
  expect(s.ended()).toEqual({ kind: 'normal' })
})

test('when children are added, stopped, started and removed by message, then they are', async () => {
  const story: string[] = []
  const s = spawned(new Supervisor({ restarts: fixed(3), children: [] }))
  await s.clock.settle()
  const tell = async (message: SupervisorMessage) => {
    s.system.send(s.ref, message)
    await s.clock.settle()
  }
  await tell({ type: 'add-child', spec: mortal(story, 'a') })
  await tell({ type: 'stop-child', id: 'a' })
  await tell({ type: 'start-child', id: 'a' })
  await tell({ type: 'stop-child', id: 'a' })
  await tell({ type: 'remove-child', id: 'a' })
  expect(story).toEqual(['a up', 'a shutdown', 'a up', 'a shutdown'])
  expect(s.system.tree().children[0]?.about).toEqual({ phase: 'running', children: [] })
})

test('when a child ends in its very start, then it had started, and the next one starts', async () => {
  const story: string[] = []
  const brief = {
    id: 'brief',
    restart: 'transient' as const,
    start: () => actorOf<string>({ start: (ctx) => ctx.exit() }),
  }
  const s = spawned(new Supervisor({ restarts: fixed(3), children: [brief, mortal(story, 'a')] }))
  await s.clock.settle()
  expect(story).toEqual(['a up'])
  expect(s.ended()).toBeUndefined()
})

test('when the supervisor is stopped, then its children stop right to left', async () => {
  const story: string[] = []
  const s = spawned(
    new Supervisor({ restarts: fixed(3), children: ['a', 'b'].map((name) => mortal(story, name)) }),
  )
  await s.clock.settle()
  s.system.stopActor(s.ref)
  await s.clock.settle()
  expect(story).toEqual(['a up', 'b up', 'b shutdown', 'a shutdown'])
  expect(s.ended()).toEqual({ kind: 'shutdown' })
})
