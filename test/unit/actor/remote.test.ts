import { expect, test } from 'vitest'
import type { ActorRef, Address, Answer, Asks } from '#src/actor/actor.js'
import type { ActorSystemOptions } from '#src/actor/system.js'
import { InThreadNetwork } from '#src/actor/transport/in-thread-transport.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { Transport } from '#src/actor/transport/transport.js'
import type { SystemId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { actorOf, probe, systemOn } from './system-fixture.js'

type Question = { type: 'double'; n: number } & Asks<number>
const PATIENT = { timeoutMs: 600_000, repeatMs: 1_000 }
const question = (n: number): Question => ({ type: 'double', n })

function simulated(options: Partial<ActorSystemOptions> = {}) {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork({ clock, random: seededRandom(3) })
  const here = systemOn(clock, { transports: [network.transport()], ...options }, 'here')
  const there = systemOn(clock, { transports: [network.transport()] }, 'there')
  return { clock, network, here, there, HERE: 'here' as SystemId, THERE: 'there' as SystemId }
}

test('when an actor lives in another system, then tells, asks and frames reach it like any', async () => {
  const { clock, here, there } = simulated()
  const frames: unknown[] = []
  const data = {
    deliver: (frame: unknown) => frames.push(frame),
    isReady: () => false,
    turn: () => {},
  }
  const far = await probe<Question | 'tell'>(there, clock, 'far', {
    data,
    receive: (message, ctx) => {
      if (message !== 'tell') ctx.reply(message.n * 2)
    },
  })
  const near = await probe<Answer<number>>(here, clock, 'near')
  near.ctx.send(far.ctx.self, 'tell')
  near.ctx.ask(far.ctx.self, question(21), { timeoutMs: 100 }, (answer) => answer as Answer<number>)
  near.ctx.sendFrame(far.ctx.self.address, new Uint8Array([1, 2]))
  expect(near.ctx.carriesByReference(far.ctx.self.address)).toBe(false)
  expect(near.ctx.carriesByReference(near.ctx.self.address)).toBe(true)
  await clock.advance(50)
  expect(far.heard).toEqual(['tell', question(21)])
  expect(near.heard).toEqual([{ ok: true, value: 42 }])
  expect(frames).toEqual([new Uint8Array([1, 2])])
})

test('when a system takes a name, then its actors are reached by that name, from elsewhere and from within', async () => {
  const { clock, here, there } = simulated()
  const far = await probe<Question | 'tell'>(there, clock, 'far', {
    receive: (message, ctx) => {
      if (message !== 'tell') ctx.reply(message.n * 2)
    },
  })
  const named: ActorRef<Question | 'tell'> = { address: 'leader.far' as Address }
  const early = here.ask(named, question(1), { timeoutMs: 100 })
  early.catch(() => {})
  await clock.advance(200)
  await expect(early).rejects.toMatchObject({ failure: { kind: 'no-responder' } })

  await there.takeName('leader' as SystemId)
  const answers = [here, there].map((system) => system.ask(named, question(21), { timeoutMs: 100 }))
  here.send(named, 'tell')
  there.send(named, 'tell')
  await clock.advance(50)
  expect(await Promise.all(answers)).toEqual([42, 42])
  expect(far.heard.filter((message) => message === 'tell')).toHaveLength(2)
})

test('when a system drops a name, then its actors are reached by its id alone, from elsewhere and from within', async () => {
  const { clock, here, there } = simulated()
  const far = await probe<Question>(there, clock, 'far', { receive: (q, ctx) => ctx.reply(q.n) })
  const named: ActorRef<Question> = { address: 'leader.far' as Address }
  await there.takeName('leader' as SystemId)
  const underWay = here.ask(named, question(1), { timeoutMs: 100 })
  there.dropName('leader' as SystemId)
  const late = [here, there].map((system) => system.ask(named, question(2), { timeoutMs: 100 }))
  for (const answer of [underWay, ...late]) answer.catch(() => {})
  const byId = here.ask(far.ctx.self, question(3), { timeoutMs: 100 })
  await clock.advance(50)
  for (const answer of [underWay, ...late])
    await expect(answer).rejects.toMatchObject({ failure: { kind: 'no-responder' } })
  expect(await byId).toBe(3)
  expect(far.heard).toEqual([question(3)])

  await there.takeName('leader' as SystemId)
  const again = here.ask(named, question(4), { timeoutMs: 100 })
  await clock.advance(50)
  expect(await again).toBe(4)
})

test('when a system drops a name that another holds, too, then the other alone is told', async () => {
  const { clock, network, here, there } = simulated()
  const other = systemOn(clock, { transports: [network.transport()] }, 'other')
  const heard = [await probe<string>(there, clock, 'far'), await probe<string>(other, clock, 'far')]
  for (const system of [there, other]) await system.takeName('leader' as SystemId)
  const tell = (message: string) =>
    here.send({ address: 'leader.far' as Address } as ActorRef<string>, message)
  tell('both')
  await clock.advance(50)
  there.dropName('leader' as SystemId)
  tell('one')
  await clock.advance(50)
  expect(heard.map((each) => each.heard)).toEqual([['both'], ['both', 'one']])
  expect(there.counters().deadLetters.total, 'it does not even arrive').toBe(0)
})

test('when no transport carries what a system sends itself, then it reaches its own actors by its name all the same', async () => {
  const clock = new VirtualClock()
  const transport: Transport = {
    open: async () => {},
    reaches: () => false,
    send: () => {},
    takeName: async () => {},
    dropName: () => {},
    close: async () => {},
  }
  const system = systemOn(clock, { transports: [transport] }, 'own')
  const near = await probe<string>(system, clock, 'near')
  await system.takeName('leader' as SystemId)
  system.send({ address: 'leader.near' as Address } as ActorRef<string>, 'tell')
  await clock.advance(10)
  expect(near.heard).toEqual(['tell'])
  expect(system.counters().deadLetters.total).toBe(0)
})

test('when a name cannot be taken, then its system does not go by it either', async () => {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork({ clock, random: seededRandom(3) })
  const refusing = Object.assign(network.transport(), {
    takeName: () => Promise.reject(new Error('refused')),
  })
  const system = systemOn(clock, { transports: [refusing] }, 'there')
  const far = await probe<string>(system, clock, 'far')
  await expect(system.takeName('leader' as SystemId)).rejects.toThrow('refused')
  system.send({ address: 'leader.far' as Address } as ActorRef<string>, 'tell')
  await clock.advance(50)
  expect(far.heard).toEqual([])
})

test('when a remote actor fails while it is asked, then its error comes back with its causes', async () => {
  const { clock, here, there } = simulated()
  const far = there.spawn(
    'far',
    actorOf<Question>({
      receive: () => {
        throw new Error('outer', { cause: new Error('inner') })
      },
    }),
  )
  const answer = here.ask(far, question(1), { timeoutMs: 100 })
  answer.catch(() => {})
  await clock.advance(50)
  await expect(answer).rejects.toMatchObject({
    failure: { kind: 'failed' },
    cause: { message: 'outer', cause: { message: 'inner' } },
  })
})

test.each<[string, (s: ReturnType<typeof simulated>) => void, string]>([
  ['has no such actor', () => {}, 'no-responder'],
  ['is gone', ({ network, THERE }) => network.kill(THERE), 'no-responder'],
  ['is behind a link that is down', ({ network, HERE }) => network.linkDown(HERE), 'link-down'],
  ['is behind a partition', ({ network, HERE, THERE }) => network.partition(HERE, THERE), 'timed-out'],
])('when the other system %s, then an ask says so', async (_, arrange, kind) => {
  const s = simulated()
  arrange(s)
  const answer = s.here.ask({ address: 'there.nobody' as Address } as ActorRef<Question>, question(1), {
    timeoutMs: 100,
  })
  answer.catch(() => {})
  await s.clock.advance(200)
  await expect(answer).rejects.toMatchObject({ failure: { kind } })
})

test('when half of all parcels is lost, then a repeated ask is answered, once', async () => {
  const { clock, network, here, there } = simulated()
  network.setLoss(0.5)
  const far = there.spawn('far', actorOf<Question>({ receive: (q, ctx) => ctx.reply(q.n) }))
  const near = await probe<Answer<number>>(here, clock, 'near')
  for (let n = 0; n < 20; n++) {
    near.ctx.ask(far, question(n), { timeoutMs: 10_000, repeatMs: 50 }, (answer) => answer as Answer<number>)
  }
  await clock.advance(10_000)
  const values = near.heard.map((answer) => (answer.ok ? answer.value : -1)).sort((x, y) => x - y)
  expect(values).toEqual(Array.from({ length: 20 }, (_, n) => n))
})

test('when a message is no plain data, then it is a dead letter, an ask of it fails, an answer of it too', async () => {
  const { clock, here, there } = simulated()
  const far = there.spawn(
    'far',
    actorOf<Question>({
      receive: (_, ctx) => ctx.reply(() => 'a function'),
    }),
  )
  here.send(far as ActorRef<unknown>, { type: 'x', callback: () => {} })
  const bad = here.ask(far as ActorRef<unknown>, { callback: () => {} } as Asks<number>, { timeoutMs: 100 })
  const good = here.ask(far, question(1), { timeoutMs: 100 })
  bad.catch(() => {})
  good.catch(() => {})
  await clock.advance(50)
  expect(here.counters().deadLetters.byReason).toEqual({ 'not-sendable': 1 })
  await expect(bad).rejects.toMatchObject({ failure: { kind: 'failed', error: { name: 'DataCloneError' } } })
  await expect(good).rejects.toMatchObject({ failure: { kind: 'failed', error: { name: 'DataCloneError' } } })
})

test('when local is by-transport, then even what stays in the system goes through its transport', async () => {
  const { clock, here } = simulated({ local: 'by-transport' })
  const message = { type: 'x' }
  const near = await probe<unknown>(here, clock, 'near', { receive: (_, ctx) => ctx.reply('ok') })
  here.send(near.ctx.self, message)
  const answer = here.ask(near.ctx.self as ActorRef<Asks<string>>, {} as Asks<string>, { timeoutMs: 100 })
  await clock.advance(50)
  expect(near.ctx.carriesByReference(near.ctx.self.address)).toBe(false)
  expect(near.heard[0]).toEqual(message)
  expect(near.heard[0]).not.toBe(message)
  await expect(answer).resolves.toBe('ok')
})

test("when local is by-transport, then an actor's word to itself takes no way on which it could be lost", async () => {
  const { clock, here } = simulated({ local: 'by-transport' })
  const message = { type: 'x' }
  const near = await probe<unknown>(here, clock, 'near')
  near.ctx.send(near.ctx.self, message)
  await clock.settle()
  expect(near.heard[0]).toBe(message)
})

test('when a peer of the thread closes, then pending asks to it hear no-responder and watches end as lost', async () => {
  const clock = new VirtualClock()
  const network = new InThreadNetwork(clock)
  const here = systemOn(clock, { transports: [network.transport()] }, 'here')
  const there = systemOn(clock, { transports: [network.transport()] }, 'there')
  const far = there.spawn('far', actorOf<Question>({}))
  const near = await probe<unknown>(here, clock, 'near')
  near.ctx.watch(far, (reason) => reason)
  near.ctx.ask(far, question(1), { timeoutMs: 60_000 }, (answer) => answer)
  await clock.advance(100)
  await there.kill()
  await clock.settle()
  expect(near.heard).toEqual([{ kind: 'lost' }, { ok: false, failure: { kind: 'no-responder' } }])
})

test('when a system answers and is gone in the same turn, then its last word comes before the news', async () => {
  const clock = new VirtualClock()
  const network = new InThreadNetwork(clock)
  const here = systemOn(clock, { transports: [network.transport()] }, 'here')
  const there = systemOn(clock, { transports: [network.transport()] }, 'there')
  const far = there.spawn(
    'far',
    actorOf<Question>({
      receive: (q, ctx) => {
        ctx.reply(q.n)
        void there.kill()
      },
    }),
  )
  const near = await probe<unknown>(here, clock, 'near')
  near.ctx.ask(far, question(7), { timeoutMs: 60_000 }, (answer) => answer)
  await clock.advance(100)
  expect(near.heard).toEqual([{ ok: true, value: 7 }])
})

test('when a system has gone for good, then a repeated ask is given up at its next turn, and no other', async () => {
  const clock = new VirtualClock()
  const network = new InThreadNetwork(clock)
  const here = systemOn(clock, { transports: [network.transport()] }, 'here')
  const there = systemOn(clock, { transports: [network.transport()] }, 'there')
  systemOn(clock, { transports: [network.transport()] }, 'elsewhere')
  const near = await probe<unknown>(here, clock, 'near')
  for (const to of ['there.nobody', 'elsewhere.nobody'] as Address[])
    near.ctx.ask({ address: to } as ActorRef<Question>, question(1), PATIENT, (answer) => ({ to, answer }))
  await clock.advance(2_500)
  await there.kill()
  await clock.settle()
  expect(near.heard, 'whoever knows why it ended comes first').toEqual([])
  await clock.advance(PATIENT.repeatMs)
  const answer = { ok: false, failure: { kind: 'no-responder' } }
  expect(near.heard).toEqual([{ to: 'there.nobody', answer }])
  await clock.advance(100_000)
  expect(near.heard).toHaveLength(1)
})

test('when a NATS-like transport finds nobody, then that only delays a repeated ask', async () => {
  const { clock, network, here, THERE } = simulated()
  const near = await probe<unknown>(here, clock, 'near')
  network.kill(THERE)
  const nobody = { address: 'there.nobody' as Address } as ActorRef<Question>
  near.ctx.ask(nobody, question(1), PATIENT, (answer) => answer)
  await clock.advance(PATIENT.timeoutMs - 1)
  expect(near.heard).toEqual([])
  await clock.advance(1)
  expect(near.heard).toEqual([{ ok: false, failure: { kind: 'timed-out' } }])
})

test('when several transports know a way, then the first of them is taken', async () => {
  const clock = new VirtualClock()
  const thread = new InThreadNetwork(clock)
  const net = new SimulatedNetwork({ clock, random: seededRandom(1), latencyMs: [50, 50] })
  const both = () => ({ transports: [thread.transport(), net.transport()] })
  const here = systemOn(clock, both(), 'here')
  const there = systemOn(clock, both(), 'there')
  const beyond = systemOn(clock, { transports: [net.transport()] }, 'beyond')
  const [near, far] = [await probe<string>(there, clock, 'x'), await probe<string>(beyond, clock, 'x')]
  here.send(near.ctx.self, 'by thread')
  here.send(far.ctx.self, 'by network')
  await clock.advance(10)
  expect([near.heard, far.heard]).toEqual([['by thread'], []])
  await clock.advance(50)
  expect(far.heard).toEqual(['by network'])
})
