import { describe, expect, test } from 'vitest'
import type { ActorRef, Asks, DataLane } from '#src/actor/actor.js'
import { actorOf, probe, virtualSystem } from './system-fixture.js'

/** A data lane that keeps frames and notes its turns. */
class Frames implements DataLane {
  readonly waiting: unknown[] = []
  readonly #note: (frame: unknown) => void

  constructor(note: (frame: unknown) => void) {
    this.#note = note
  }

  deliver(frame: unknown): void {
    this.waiting.push(frame)
  }

  isReady(): boolean {
    return this.waiting.length > 0
  }

  turn(): void {
    this.#note(this.waiting.shift())
  }
}

describe('lanes', () => {
  test('when all lanes hold work, then system comes before control, and control before data', async () => {
    const { clock, system } = virtualSystem()
    const seen: unknown[] = []
    const data = new Frames((frame) => seen.push(frame))
    const a = await probe<string>(system, clock, 'a', { data, receive: (message) => seen.push(message) })
    const child = a.ctx.spawn('child', actorOf<string>({}), { onExit: (reason) => `child ${reason.kind}` })
    await clock.settle()
    a.ctx.stop(child)
    a.ctx.sendFrame(a.ctx.self.address, 'frame')
    a.ctx.send(a.ctx.self, 'message')
    for (let i = 0; i < 40; i++) a.ctx.send(a.ctx.self, 'more')
    await clock.settle()
    expect(seen.slice(0, 3)).toEqual(['child shutdown', 'message', 'more'])
    expect(seen.indexOf('frame')).toBe(1 + 16) // after as many control turns as one run has
  })

  test('when control never runs dry, then data still gets turns; when data never does, then control does', async () => {
    const { clock, system } = virtualSystem()
    let frames = 0
    let messages = 0
    const data: DataLane = { deliver: () => {}, isReady: () => frames < 1_000, turn: () => frames++ }
    const a = await probe<string>(system, clock, 'a', {
      data,
      receive: (_, ctx) => {
        messages++
        if (messages < 1_000) ctx.send(ctx.self, 'again')
      },
    })
    a.ctx.send(a.ctx.self, 'go')
    let framesAtHalf = 0
    let messagesAtHalf = 0
    system.spawn(
      'observer',
      actorOf<string>({
        start: (ctx) => ctx.send(ctx.self, 'look'),
        receive: (_, ctx) => {
          if (messages < 500) ctx.send(ctx.self, 'look')
          else if (framesAtHalf === 0) {
            framesAtHalf = frames
            messagesAtHalf = messages
          }
        },
      }),
    )
    await clock.settle()
    expect([frames, messages]).toEqual([1_000, 1_000])
    expect(framesAtHalf).toBeGreaterThan(10)
    expect(messagesAtHalf).toBeGreaterThanOrEqual(500)
  })

  test('when a frame comes for an actor without a data lane, then it is a dead letter', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<string>(system, clock)
    a.ctx.sendFrame(a.ctx.self.address, new Uint8Array(3))
    await clock.settle()
    expect(system.counters().deadLetters.byReason).toEqual({ 'no-data-lane': 1 })
  })

  test('when a lane becomes ready by itself, then wake gives it a turn', async () => {
    const { clock, system } = virtualSystem()
    let ready = false
    let turns = 0
    const data: DataLane = {
      deliver: () => {},
      isReady: () => ready,
      turn: () => {
        turns++
        ready = false
      },
    }
    const a = await probe<string>(system, clock, 'a', { data })
    ready = true
    await clock.settle()
    expect(turns).toBe(0)
    a.ctx.wake()
    await clock.settle()
    expect(turns).toBe(1)
  })

  test('when deliver throws, then its own actor fails, not the one that sent the frame', async () => {
    const { clock, system } = virtualSystem()
    const broken = () => {
      throw new Error('broken lane')
    }
    const data: DataLane = { deliver: broken, isReady: () => false, turn: () => {} }
    const receiver = await probe<string>(system, clock, 'receiver', { data })
    const sender = await probe<string>(system, clock, 'sender', {
      receive: (_, ctx) => ctx.sendFrame(receiver.ctx.self.address, 'frame'),
    })
    system.send(sender.ctx.self, 'go')
    await clock.settle()
    expect(receiver.ended).toMatchObject({ kind: 'failed', error: { message: 'broken lane' } })
    expect(sender.ended).toBeUndefined()
  })

  test.each(['isReady', 'turn'] as const)('when %s throws, then the actor fails', async (method) => {
    const { clock, system } = virtualSystem()
    const broken = () => {
      throw new Error('broken lane')
    }
    const data: DataLane = { deliver: () => {}, isReady: () => true, turn: () => {}, [method]: broken }
    const ended: unknown[] = []
    system.spawn('a', actorOf<string>({ data }), { onExit: (reason) => ended.push(reason) })
    await clock.settle()
    expect(ended).toMatchObject([{ kind: 'failed', error: { message: 'broken lane' } }])
  })
})

describe('the bound of the control lane', () => {
  const limits = { controlLaneMax: 3 }

  test('when it is full, then a tell is a dead letter and an ask is answered mailbox-full', async () => {
    const { clock, system } = virtualSystem({ limits })
    const a = await probe<string>(system, clock, 'a')
    const asker = await probe<unknown>(system, clock, 'asker')
    for (const message of ['1', '2', '3', '4']) system.send(a.ctx.self, message)
    asker.ctx.ask(a.ctx.self, 'question' as never, { timeoutMs: 100 }, (answer) => answer)
    await clock.settle()
    expect(a.heard).toEqual(['1', '2', '3'])
    expect(asker.heard).toEqual([{ ok: false, failure: { kind: 'mailbox-full' } }])
    expect(system.counters().deadLetters.byReason).toEqual({ 'mailbox-full': 1 })
  })

  test('when it is full, then own timers, results and answers still have their places', async () => {
    const { clock, system } = virtualSystem({ limits })
    const a = await probe<unknown>(system, clock, 'a')
    a.ctx.after('timer', 0, 'timer')
    a.ctx.pipeToSelf(Promise.resolve(), () => 'result')
    a.ctx.ask({ address: 'here.nobody' as never }, 'q' as never, { timeoutMs: 100 }, () => 'answer')
    for (const message of ['1', '2', '3', '4']) system.send(a.ctx.self, message)
    await clock.settle()
    expect([...a.heard].sort()).toEqual(['1', '2', '3', 'answer', 'result', 'timer'])
  })

  test('when it has been emptied, then it takes as many again, and no more', async () => {
    const { clock, system } = virtualSystem({ limits })
    const a = await probe<unknown>(system, clock, 'a')
    const question = {} as Asks<string>
    for (let round = 0; round < 5; round++) {
      a.ctx.after('timer', 0, 'timer')
      system.send(a.ctx.self, 'tell')
      for (let n = 0; n < 2; n++) {
        system.ask(a.ctx.self as ActorRef<Asks<string>>, question, { timeoutMs: 1 }).catch(() => {})
      }
      system.send(a.ctx.self, 'too many')
      await clock.advance(10)
    }
    expect(a.heard.filter((message) => message === question)).toHaveLength(10)
    expect(a.heard.filter((message) => message === 'tell')).toHaveLength(5)
    expect(a.heard.filter((message) => message === 'timer')).toHaveLength(5)
    expect(system.counters().deadLetters.byReason).toEqual({ 'mailbox-full': 5 })
  })
})

describe('timers', () => {
  test('when the same key is set again, then only the later message comes', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<string>(system, clock)
    a.ctx.after('k', 100, 'old')
    a.ctx.after('other', 120, 'other')
    await clock.advance(50)
    a.ctx.after('k', 100, 'new')
    await clock.advance(500)
    expect(a.heard).toEqual(['other', 'new'])
  })

  test('when a timer is cancelled while its message already waits, then it does not come', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<string>(system, clock, 'a', {
      receive: (message, ctx) => {
        if (message === 'first') ctx.cancel('k')
      },
    })
    a.ctx.after('first', 10, 'first')
    a.ctx.after('k', 10, 'second')
    await clock.advance(100)
    expect(a.heard).toEqual(['first'])
  })

  test('when a timer sets itself again, then it goes on', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<string>(system, clock, 'a', { receive: (_, ctx) => ctx.after('k', 10, 'tick') })
    a.ctx.after('k', 10, 'tick')
    await clock.advance(100)
    expect(a.heard).toHaveLength(10)
  })
})

describe('pipeToSelf', () => {
  test('when work succeeds or fails, then its outcome is a message', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<unknown>(system, clock)
    const error = new Error('no')
    a.ctx.pipeToSelf(Promise.resolve(7), (outcome) => outcome)
    a.ctx.pipeToSelf(Promise.reject(error), (outcome) => outcome)
    await clock.settle()
    expect(a.heard).toEqual([
      { ok: true, value: 7 },
      { ok: false, error },
    ])
  })

  test('when the function that makes the message throws, then the actor fails, not the process', async () => {
    const { clock, system } = virtualSystem()
    const a = await probe<unknown>(system, clock)
    a.ctx.pipeToSelf(Promise.resolve(7), () => {
      throw new Error('no message')
    })
    await clock.settle()
    expect(a.ended).toMatchObject({ kind: 'failed', error: { message: 'no message' } })
  })
})

describe('dead letters', () => {
  test('when nobody lives at an address, then what is sent there is counted, sampled and shown', async () => {
    const observed: unknown[] = []
    const { system } = virtualSystem({ onDeadLetter: (letter, message) => observed.push([letter, message]) })
    for (let i = 0; i < 100; i++) system.send({ address: `here.nobody${i}` as never }, { type: 'hello', i })
    const { total, byReason, latest } = system.counters().deadLetters
    expect(total).toBe(100)
    expect(byReason).toEqual({ 'no-such-actor': 100 })
    expect(latest).toHaveLength(32)
    expect(latest.at(-1)).toEqual({ to: 'here.nobody99', reason: 'no-such-actor', type: 'hello' })
    expect(latest[0]?.to).toBe('here.nobody68')
    expect(observed).toHaveLength(100)
  })

  test('when no transport knows the system, then that is the reason', () => {
    const { system } = virtualSystem()
    system.send({ address: 'elsewhere.a' as never }, 'x')
    expect(system.counters().deadLetters.byReason).toEqual({ 'no-route': 1 })
  })
})
