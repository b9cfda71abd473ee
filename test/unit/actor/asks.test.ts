import { expect, test } from 'vitest'
import type { ActorRef, Address, Answer, Asks, ReplyTo } from '#src/actor/actor.js'
import { AskError } from '#src/actor/system.js'
import { actorOf, probe, virtualSystem } from './system-fixture.js'

type Question = { type: 'double'; n: number } & Asks<number>
type Heard = { type: 'answer'; answer: Answer<number> }
const toHeard = (answer: Answer<number>): Heard => ({ type: 'answer', answer })
const nobody = { address: 'here.nobody' as Address } as ActorRef<Question>

test('when an actor replies in the turn that was asked, then the answer is a message to the asker', async () => {
  const { clock, system } = virtualSystem()
  const doubler = system.spawn('doubler', actorOf<Question>({ receive: (q, ctx) => ctx.reply(q.n * 2) }))
  const asker = await probe<Heard>(system, clock)

  asker.ctx.ask(doubler, { type: 'double', n: 21 } as Question, { timeoutMs: 100 }, toHeard)
  await clock.settle()

  expect(asker.heard).toEqual([{ type: 'answer', answer: { ok: true, value: 42 } }])
  await clock.advance(1_000)
  expect(asker.heard).toHaveLength(1)
})

test('when an actor keeps where the answer goes, then it can answer in a later turn', async () => {
  const { clock, system } = virtualSystem()
  let kept: ReplyTo<number> | undefined
  const later = await probe<Question>(system, clock, 'later', {
    receive: (_, ctx) => {
      kept = ctx.asker as ReplyTo<number>
    },
  })
  const answer = system.ask(later.ctx.self, { type: 'double', n: 1 } as Question, { timeoutMs: 100 })
  await clock.advance(50)
  expect(later.ctx.asker).toBeUndefined()
  if (kept !== undefined) later.ctx.replyTo(kept, { ok: true, value: 2 })

  await expect(answer).resolves.toBe(2)
})

test('when nobody answers in time, then the asker hears timed-out once, and the late answer is counted', async () => {
  const { clock, system } = virtualSystem()
  let kept: ReplyTo<number> | undefined
  const slow = await probe<Question>(system, clock, 'slow', {
    receive: (_, ctx) => {
      kept = ctx.asker as ReplyTo<number>
    },
  })
  const asker = await probe<Heard>(system, clock)
  asker.ctx.ask(slow.ctx.self, { type: 'double', n: 1 } as Question, { timeoutMs: 100 }, toHeard)
  await clock.advance(99)
  expect(asker.heard).toEqual([])
  await clock.advance(1)
  expect(asker.heard).toEqual([toHeard({ ok: false, failure: { kind: 'timed-out' } })])

  if (kept !== undefined) slow.ctx.replyTo(kept, { ok: true, value: 2 })
  await clock.settle()

  expect(asker.heard).toHaveLength(1)
  expect(system.counters().lateAnswers).toBe(1)
})

test('when the asked actor throws, then its asker hears failed with the error, and the actor has failed', async () => {
  const { clock, system } = virtualSystem()
  const thrower = await probe<Question>(system, clock, 'thrower', {
    receive: () => {
      throw new TypeError('no numbers today')
    },
  })
  const asker = await probe<Heard>(system, clock)
  asker.ctx.ask(thrower.ctx.self, { type: 'double', n: 1 } as Question, { timeoutMs: 100 }, toHeard)
  await clock.settle()

  expect(asker.heard).toMatchObject([
    {
      answer: {
        ok: false,
        failure: { kind: 'failed', error: { name: 'TypeError', message: 'no numbers today' } },
      },
    },
  ])
  expect(thrower.ended?.kind).toBe('failed')
})

test('when there is no such actor, then an ask is answered no-responder at once', async () => {
  const { clock, system } = virtualSystem()
  const asker = await probe<Heard>(system, clock)
  asker.ctx.ask(nobody, { type: 'double', n: 1 } as Question, { timeoutMs: 100 }, toHeard)
  await clock.settle()

  expect(asker.heard).toEqual([toHeard({ ok: false, failure: { kind: 'no-responder' } })])
})

test('when the asked actor ends with the question in its mailbox, then the asker hears no-responder', async () => {
  const { clock, system } = virtualSystem()
  const ending = await probe<Question>(system, clock, 'ending', { receive: (_, ctx) => ctx.exit() })
  const asker = await probe<Heard>(system, clock)
  asker.ctx.send(ending.ctx.self, { type: 'double', n: 0 })
  asker.ctx.ask(ending.ctx.self, { type: 'double', n: 1 } as Question, { timeoutMs: 100 }, toHeard)
  await clock.settle()

  expect(asker.heard).toEqual([toHeard({ ok: false, failure: { kind: 'no-responder' } })])
})

test('when an ask with repeatMs finds nobody, then it is put again until somebody is there', async () => {
  const { clock, system } = virtualSystem()
  const asker = await probe<Heard>(system, clock)
  asker.ctx.ask(nobody, { type: 'double', n: 4 } as Question, { timeoutMs: 1_000, repeatMs: 100 }, toHeard)
  await clock.advance(250)
  expect(asker.heard).toEqual([])

  system.spawn('nobody', actorOf<Question>({ receive: (q, ctx) => ctx.reply(q.n * 2) }))
  await clock.advance(100)

  expect(asker.heard).toEqual([toHeard({ ok: true, value: 8 })])
})

test('when an ask is repeated, then the question is delivered again, and one answer is heard', async () => {
  const { clock, system } = virtualSystem()
  let asked = 0
  const third = await probe<Question>(system, clock, 'third', {
    receive: (q, ctx) => {
      if (++asked === 3) ctx.reply(q.n)
    },
  })
  const asker = await probe<Heard>(system, clock)
  asker.ctx.ask(
    third.ctx.self,
    { type: 'double', n: 7 } as Question,
    { timeoutMs: 1_000, repeatMs: 100 },
    toHeard,
  )
  await clock.advance(1_000)

  expect(asked).toBe(3)
  expect(asker.heard).toEqual([toHeard({ ok: true, value: 7 })])
})

test('when a repeated ask is never answered, then its deadline ends it', async () => {
  const { clock, system } = virtualSystem()
  const asker = await probe<Heard>(system, clock)
  asker.ctx.ask(nobody, { type: 'double', n: 4 } as Question, { timeoutMs: 350, repeatMs: 100 }, toHeard)
  await clock.advance(2_000)

  expect(asker.heard).toEqual([toHeard({ ok: false, failure: { kind: 'timed-out' } })])
  expect(system.counters().pendingAsks).toBe(0)
})

test('when the asker ends, then its asks are forgotten', async () => {
  const { clock, system } = virtualSystem()
  const silent = await probe<Question>(system, clock, 'silent')
  const asker = await probe<Heard>(system, clock)
  asker.ctx.ask(silent.ctx.self, { type: 'double', n: 4 } as Question, { timeoutMs: 350 }, toHeard)
  asker.ctx.exit()
  await clock.settle()

  expect(system.counters().pendingAsks).toBe(0)
})

test('when an ask from outside fails, then its promise rejects with the failure', async () => {
  const { clock, system } = virtualSystem()
  const answer = system.ask(nobody, { type: 'double', n: 4 } as Question, { timeoutMs: 350 })
  await clock.settle()

  await expect(answer).rejects.toThrow(AskError)
  await expect(answer).rejects.toMatchObject({ failure: { kind: 'no-responder' } })
})

test('when an actor that is stopped still answers in its stop hook, then the answer arrives', async () => {
  const { clock, system } = virtualSystem()
  let kept: ReplyTo<number> | undefined
  const keeper = await probe<Question>(system, clock, 'keeper', {
    receive: (_, ctx) => {
      kept = ctx.asker as ReplyTo<number>
    },
    stop: (_, ctx) => {
      if (kept !== undefined) ctx.replyTo(kept, { ok: true, value: 5 })
    },
  })
  const answer = system.ask(keeper.ctx.self, { type: 'double', n: 4 } as Question, { timeoutMs: 350 })
  await clock.settle()
  system.stopActor(keeper.ctx.self)
  await clock.settle()

  await expect(answer).resolves.toBe(5)
})
