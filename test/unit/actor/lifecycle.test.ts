import { describe, expect, test } from 'vitest'
import type { ActorContext, Address, ExitReason } from '#src/actor/actor.js'
import type { Clock } from '#src/kit/clock.js'
import { RetakeError } from '#src/kit/errors.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { actorOf, probe, systemOn, virtualSystem } from './system-fixture.js'

/** An actor that writes its life into `story`, with children that do too. */
function told(story: string[], name: string, children: readonly string[] = []) {
  return actorOf<string>({
    start: (ctx) => {
      story.push(`${name} starts`)
      for (const child of children) ctx.spawn(child, told(story, child))
    },
    receive: (message) => story.push(`${name} hears ${message}`),
    stop: (reason) => story.push(`${name} stops: ${reason.kind}`),
  })
}

describe('start', () => {
  test('when an actor is spawned, then its start runs before its first message', async () => {
    const { clock, system } = virtualSystem()
    const story: string[] = []
    system.send(system.spawn('a', told(story, 'a')), 'hello')
    expect(story).toEqual([])
    await clock.settle()
    expect(story).toEqual(['a starts', 'a hears hello'])
  })

  test('when start throws, then the actor has failed, its stop runs, and messages to it are dead letters', async () => {
    const { clock, system } = virtualSystem()
    let stopped = 0
    let ended: ExitReason | undefined
    const ref = system.spawn<string>(
      'a',
      actorOf<string>({
        start: () => {
          throw new Error('no port free')
        },
        stop: () => stopped++,
      }),
      { onExit: (reason) => (ended = reason) },
    )
    system.send(ref, 'x')
    await clock.settle()
    expect(ended).toMatchObject({ kind: 'failed', error: { message: 'no port free' } })
    expect(stopped).toBe(1)
    expect(system.counters().deadLetters.byReason).toEqual({ 'actor-ended': 1 })
  })

  test('when the name of a living child is taken again, then the parent fails; when it is dead, then it is free', async () => {
    const { clock, system } = virtualSystem()
    const parent = await probe<string>(system, clock, 'parent', {
      receive: (message, ctx) => {
        ctx.spawn('child', actorOf({}), { onExit: () => message })
      },
    })
    system.send(parent.ctx.self, 'once')
    await clock.settle()
    parent.ctx.stop({ address: `${parent.ctx.self.address}.child` as typeof parent.ctx.self.address })
    await clock.settle() // its end makes the parent spawn it again
    expect(parent.ended).toBeUndefined()
    system.send(parent.ctx.self, 'twice')
    await clock.settle()
    expect(parent.ended).toMatchObject({ kind: 'failed', error: { message: /unique among the living/ } })
  })
})

describe('the end', () => {
  test('when a parent stops, then its children stop right to left before its own stop', async () => {
    const { clock, system } = virtualSystem()
    const story: string[] = []
    const ref = system.spawn('p', told(story, 'p', ['a', 'b', 'c']))
    await clock.settle()
    story.length = 0
    system.stopActor(ref)
    await clock.settle()
    expect(story).toEqual([
      'c stops: shutdown',
      'b stops: shutdown',
      'a stops: shutdown',
      'p stops: shutdown',
    ])
  })

  test('when an actor exits, then what it still sends in stop is delivered, and its parent hears normal', async () => {
    const { clock, system } = virtualSystem()
    const parent = await probe<unknown>(system, clock)
    parent.ctx.spawn(
      'child',
      actorOf<string>({
        start: (ctx) => ctx.exit(),
        stop: (_, ctx) => ctx.send(parent.ctx.self, 'last words'),
      }),
      { onExit: (reason) => reason },
    )
    await clock.settle()
    expect(parent.heard).toContainEqual({ kind: 'normal' })
    expect(parent.heard).toContain('last words')
  })

  test('when an actor throws, then the rest of its mailbox is dead letters and its timers are gone', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<string>(system, clock, 'a', {
      receive: (message) => {
        if (message === 'bad') throw new Error('bad')
      },
    })
    a.ctx.after('later', 100, 'later')
    for (const message of ['good', 'bad', 'x', 'y']) system.send(a.ctx.self, message)
    await clock.advance(1_000)
    expect(a.heard).toEqual(['good', 'bad'])
    expect(a.ended?.kind).toBe('failed')
    expect(system.counters().deadLetters.byReason).toEqual({ 'actor-ended': 2 })
  })

  test('when an actor calls fail, then it fails after its turn', async () => {
    const { clock, system } = virtualSystem()
    let finished = false
    const a = await probe<string>(system, clock, 'a', {
      receive: (_, ctx) => {
        ctx.fail(new Error('enough'))
        finished = true
      },
    })
    system.send(a.ctx.self, 'go')
    await clock.settle()
    expect(finished).toBe(true)
    expect(a.ended).toMatchObject({ kind: 'failed', error: { message: 'enough' } })
  })

  test('when stop throws, then a normal end has become a failure', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<string>(system, clock, 'a', {
      stop: () => {
        throw new Error('cannot close')
      },
    })
    a.ctx.exit()
    await clock.settle()
    expect(a.ended).toMatchObject({ kind: 'failed', error: { message: 'cannot close' } })
  })
})

describe('a failing child', () => {
  const crashing = actorOf<string>({
    receive: () => {
      throw new RetakeError('RT1601', { what: 'map "x" threw', why: 'it is broken', fix: 'repair it' })
    },
  })

  test('when its parent asked to hear, then it hears the reason and lives on', async () => {
    const { clock, system } = virtualSystem()
    const parent = await probe<unknown>(system, clock)
    const child = parent.ctx.spawn('child', crashing, { onExit: (reason) => reason })
    system.send(child, 'go')
    await clock.settle()
    expect(parent.heard).toMatchObject([{ kind: 'failed', error: { code: 'RT1601' } }])
    expect(parent.ended).toBeUndefined()
  })

  test('when its parent did not ask to hear, then the parent fails too, and the whole chain of causes is kept', async () => {
    const { clock, system } = virtualSystem()
    const grandparent = await probe<string>(system, clock, 'grandparent', {
      receive: (_, ctx) => {
        const parent = actorOf<string>({ start: (inner) => inner.send(inner.spawn('child', crashing), 'go') })
        ctx.spawn('parent', parent)
      },
    })
    system.send(grandparent.ctx.self, 'go')
    await clock.settle()
    expect(grandparent.ended).toMatchObject({
      kind: 'failed',
      error: {
        message: 'here.grandparent.parent ended: failed',
        cause: {
          message: 'here.grandparent.parent.child ended: failed',
          cause: { code: 'RT1601', what: 'map "x" threw', fix: 'repair it' },
        },
      },
    })
  })

  test('when a child ends normally and its parent did not ask to hear, then nothing happens', async () => {
    const { clock, system } = virtualSystem()
    const parent = await probe<string>(system, clock)
    parent.ctx.spawn('child', actorOf<string>({ start: (ctx) => ctx.exit() }))
    await clock.settle()
    expect(parent.ended).toBeUndefined()
    expect(system.tree().children[0]?.children).toEqual([])
  })

  test('when a top-level actor fails, then onFailure hears of it and the others live on', async () => {
    const failures: string[] = []
    const { clock, system } = virtualSystem({
      onFailure: (ref, reason) => failures.push(`${ref.address} ${reason.kind}`),
    })
    const other = await probe<string>(system, clock)
    system.send(system.spawn('a', crashing), 'go')
    await clock.settle()
    expect(failures).toEqual(['here.a failed'])
    expect(other.ended).toBeUndefined()
  })
})

describe('kill', () => {
  test('when a child is killed, then it and all below receive nothing more and send nothing more', async () => {
    const { clock, system } = virtualSystem()
    const inner: ActorContext<string>[] = []
    const heard: string[] = []
    const parent = await probe<unknown>(system, clock)
    const child = actorOf<string>({
      start: (ctx) => {
        inner.push(ctx)
        ctx.spawn(
          'grandchild',
          actorOf<string>({
            start: (below) => {
              inner.push(below)
            },
          }),
        )
      },
      receive: (message) => heard.push(message),
      stop: (reason, ctx) => {
        heard.push(`stop: ${reason.kind}`)
        ctx.send(parent.ctx.self, 'from a killed one')
      },
    })
    const ref = parent.ctx.spawn('child', child, { onExit: (reason) => reason })
    await clock.settle()
    system.send(ref, 'waiting')
    parent.ctx.kill(ref)
    system.send(ref, 'late')
    for (const ctx of inner) ctx.send(parent.ctx.self, 'zombie')
    await clock.settle()
    for (const ctx of inner) ctx.send(parent.ctx.self, 'zombie')
    await clock.settle()

    expect(heard).toEqual(['stop: killed'])
    expect(parent.heard).toEqual([{ kind: 'killed' }])
    expect(system.counters().deadLetters.byReason).toEqual({
      'actor-ended': 1,
      'no-such-actor': 1,
      'sender-killed': 5,
    })
  })

  test('when a killed actor had work under way, then its result is ignored', async () => {
    const { clock, system } = virtualSystem()
    let finish = (_: string) => {}
    const a = await probe<string>(system, clock, 'a')
    a.ctx.pipeToSelf(new Promise<string>((resolve) => (finish = resolve)), () => 'result')
    system.killActor(a.ctx.self)
    finish('done')
    await clock.settle()
    expect(a.heard).toEqual([])
    expect(a.ended).toEqual({ kind: 'killed' })
  })

  test('when a child does not stop in its time, then it is killed, and that fails nobody', async () => {
    const clock = new VirtualClock()
    // A loop in which every run of an actor takes a millisecond, so that stopping fifty children takes time.
    const slowLoop: Clock = {
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
      soon: (callback) => void clock.after(1, callback),
    }
    const system = systemOn(clock, { clock: slowLoop, limits: { sliceActors: 1 } })
    const stops: string[] = []
    let parent: ActorContext<ExitReason> | undefined
    const crowd = actorOf<string>({
      start: (ctx) => {
        for (let i = 0; i < 50; i++)
          ctx.spawn(`c${i}`, actorOf({ stop: (reason) => stops.push(reason.kind) }))
      },
      stop: (reason) => stops.push(`crowd ${reason.kind}`),
    })
    const heard: ExitReason[] = []
    system.spawn<ExitReason>('parent', {
      start: (ctx) => {
        parent = ctx
        ctx.spawn('crowd', crowd, { stopMs: 20, onExit: (reason) => reason })
        ctx.spawn('quiet', crowd, { stopMs: 20 }) // whose end its parent did not ask to hear
      },
      receive: (reason) => heard.push(reason),
    })
    await clock.advance(300)
    parent?.stop({ address: 'here.parent.crowd' as Address })
    parent?.stop({ address: 'here.parent.quiet' as Address })
    await clock.advance(1_000)

    expect(heard).toEqual([{ kind: 'killed' }])
    expect(stops.filter((kind) => kind === 'shutdown').length).toBeGreaterThan(0)
    expect(stops.filter((kind) => kind === 'killed').length).toBeGreaterThan(30)
    expect(stops.filter((kind) => kind === 'crowd killed')).toHaveLength(2)
    expect(system.tree().children).toMatchObject([{ address: 'here.parent', state: 'running', children: [] }])
  })
})

describe('the system', () => {
  test('when it is stopped, then the last actor stops first, and the promise resolves after all', async () => {
    const { clock, system } = virtualSystem()
    const story: string[] = []
    system.spawn('a', told(story, 'a'))
    system.spawn('b', told(story, 'b', ['c']))
    await clock.settle()
    story.length = 0
    const stopped = system.stop().then(() => story.push('stopped'))
    await clock.settle()
    await stopped
    expect(story).toEqual(['c stops: shutdown', 'b stops: shutdown', 'a stops: shutdown', 'stopped'])
  })

  test('when it is killed, then nothing runs any more, no stop either', async () => {
    const { clock, system } = virtualSystem()
    const story: string[] = []
    const ref = system.spawn('a', told(story, 'a', ['b']))
    const asker = await probe<string>(system, clock)
    asker.ctx.after('later', 10, 'later')
    story.length = 0
    system.send(ref, 'x')
    await system.kill()
    system.send(ref, 'y')
    await clock.advance(1_000)
    expect(story).toEqual([])
    expect(asker.heard).toEqual([])
  })

  test('when its tree is asked for, then it shows paths, states, what waits and for how long', async () => {
    const { clock, system } = virtualSystem()
    const story: string[] = []
    system.spawn('a', { ...told(story, 'a', ['b']), describe: () => ({ story: story.length }) })
    await clock.settle()
    system.send({ address: 'here.a.b' as never }, 'x')
    const [a] = system.tree().children
    expect(a).toMatchObject({
      address: 'here.a',
      state: 'running',
      control: 0,
      data: 'none',
      doing: 'waiting for messages',
      about: { story: 2 },
      children: [{ address: 'here.a.b', control: 1, doing: 'waiting for a turn' }],
    })
  })
})
