import { expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { Parcel } from '#src/actor/transport/transport.js'
import type { SystemId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'

const [A, B] = ['a' as SystemId, 'b' as SystemId]

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
  const send = (n: number) => a.send({ kind: 'tell', to: 'b.actor' as Address, body: n })
  return { clock, net, send, arrived, refused }
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
