import { expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { Parcel } from '#src/actor/transport/transport.js'
import type { SystemId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'

const [A, B, NAME] = ['a' as SystemId, 'b' as SystemId, 'name' as SystemId]

/** Two systems; what b heard, with its time, and what a was told. */
async function network(seed: number, loss = 0) {
  const clock = new VirtualClock()
  const net = new SimulatedNetwork({ clock, random: seededRandom(seed), latencyMs: [1, 10], loss })
  const [a, b] = [net.transport(), net.transport()]
  const arrived: [number, unknown][] = []
  const refused: string[] = []
  const quiet = { onUndeliverable: () => {}, onLink: () => {} }
  await a.open(A, { ...quiet, onParcel: () => {}, onUndeliverable: (_, why) => refused.push(why) })
  await b.open(B, { ...quiet, onParcel: (parcel: Parcel) => arrived.push([clock.now(), parcel.body]) })
  const sendTo = (system: SystemId, n: number) =>
    a.send({ kind: 'tell', to: `${system}.actor` as Address, body: n })
  const send = (n: number) => sendTo(B, n)
  return { clock, net, a, b, send, sendTo, arrived, refused }
}

async function run(seed: number, loss = 0) {
  const { clock, send, arrived } = await network(seed, loss)
  for (let n = 0; n < 1_000; n++) {
    send(n)
    await clock.advance(1)
  }
  await clock.advance(100)
  return arrived
}

test('when the seed is the same, then everything happens again at the same time; another seed, another run', async () => {
  expect(await run(5, 0.1)).toEqual(await run(5, 0.1))
  expect(await run(5, 0.1)).not.toEqual(await run(6, 0.1))
})

test('when a tenth is lost, then about a tenth is missing, and the rest is in order', async () => {
  const numbers = (await run(5, 0.1)).map(([, n]) => n as number)
  expect(numbers.length).toBeGreaterThan(850)
  expect(numbers.length).toBeLessThan(950)
  expect(numbers).toEqual([...numbers].sort((x, y) => x - y))
})

test('when two systems are partitioned, then what is under way is lost without a word, until they are healed', async () => {
  const { clock, net, send, arrived, refused } = await network(1)
  send(1)
  net.partition(A, B)
  await clock.advance(20)
  send(2)
  await clock.advance(20)
  net.heal(A, B)
  send(3)
  await clock.advance(20)
  expect(arrived.map(([, n]) => n)).toEqual([3])
  expect(refused).toEqual([])
})

test('when a system is killed, then senders are told that nobody listens, as soon as a message would have arrived', async () => {
  const { clock, net, send, arrived, refused } = await network(1)
  send(1)
  net.kill(B)
  expect(refused).toEqual([])
  await clock.advance(20)
  expect(refused).toEqual(['no-responder'])
  expect(arrived).toEqual([])
})

test('when a system has been killed, then what it still sends goes nowhere', async () => {
  const { clock, net, send, arrived, refused } = await network(1)
  net.kill(A)
  send(1)
  await clock.advance(20)
  expect([arrived, refused]).toEqual([[], []])
})

test('when a system that holds a name is killed, then nobody holds it, and the next system takes it', async () => {
  const { clock, net, b, sendTo, arrived, refused } = await network(1)
  await b.takeName?.(NAME)
  sendTo(NAME, 1)
  net.kill(B)
  sendTo(NAME, 2)
  await clock.advance(20)
  expect([arrived, refused]).toEqual([[], ['no-responder', 'no-responder']])

  const heir = net.transport()
  const heard: unknown[] = []
  const quiet = { onUndeliverable: () => {}, onLink: () => {} }
  await heir.open('c' as SystemId, { ...quiet, onParcel: ({ body }) => heard.push(body) })
  await heir.takeName?.(NAME)
  sendTo(NAME, 3)
  await clock.advance(20)
  expect(heard).toEqual([3])
})

test('when one after the other holds a name and is killed, then its sender is told that nobody listens', async () => {
  const { clock, net, b, sendTo, refused } = await network(1)
  const heir = net.transport()
  await heir.open('c' as SystemId, { onParcel: () => {}, onUndeliverable: () => {}, onLink: () => {} })
  await b.takeName?.(NAME)
  net.kill(B)
  await heir.takeName?.(NAME)
  net.kill('c' as SystemId)
  sendTo(NAME, 1)
  await clock.advance(20)
  expect(refused).toEqual(['no-responder'])
})

test('when one of two that hold a name is killed, then nobody is told that none listens, for the other hears', async () => {
  const { clock, net, b, sendTo, arrived, refused } = await network(1)
  const other = net.transport()
  await other.open('c' as SystemId, { onParcel: () => {}, onUndeliverable: () => {}, onLink: () => {} })
  await Promise.all([other.takeName?.(NAME), b.takeName?.(NAME)])
  sendTo(NAME, 1)
  net.kill('c' as SystemId)
  sendTo(NAME, 2)
  await clock.advance(20)
  expect(arrived.map(([, n]) => n)).toEqual([1, 2])
  expect(refused).toEqual([])
})

test('when nobody shares a name, then a name that is held changes no draw of the dice', async () => {
  const timesOf = async (to: SystemId) => {
    const { clock, b, sendTo, arrived } = await network(7, 0.2)
    await b.takeName?.(NAME)
    for (let n = 0; n < 100; n++) sendTo(to, n)
    await clock.advance(100)
    return arrived
  }
  expect(await timesOf(NAME)).toEqual(await timesOf(B))
})
