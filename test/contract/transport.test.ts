import { MessageChannel } from 'node:worker_threads'
import { InThreadNetwork } from '#src/actor/transport/in-thread-transport.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { Transport } from '#src/actor/transport/transport.js'
import type { SystemId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { SimulatedThread } from '#src/testing/simulated-thread.js'
import { ThreadTransport } from '#src/testing/thread-transport.js'
import { transportContract } from './transport-contract.js'

function onVirtualTime(clock: VirtualClock) {
  return async (condition: () => boolean): Promise<void> => {
    for (let ms = 0; ms < 60_000; ms++) {
      await clock.advance(1)
      if (condition()) return
    }
    throw new Error('a minute has passed')
  }
}

async function inRealTime(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000
  do {
    await new Promise((resolve) => setTimeout(resolve, 2))
    if (condition()) return
  } while (performance.now() < giveUpAt)
  throw new Error('ten seconds have passed')
}

transportContract('in one thread, by reference', async () => {
  const clock = new VirtualClock()
  const network = new InThreadNetwork(clock)
  return { a: network.transport(), b: network.transport(), until: onVirtualTime(clock) }
})

transportContract('between threads, over a message port', async (idA, idB) => {
  const { port1, port2 } = new MessageChannel()
  const a = new MessagePortTransport()
  const b = new MessagePortTransport()
  a.addPeer(idB, port1)
  b.addPeer(idA, port2)
  return { a, b, until: inRealTime }
})

transportContract('simulated network', simulated, 'breaks')

transportContract(
  'simulated network, between threads that may freeze',
  async (idA, idB) => {
    const pair = await simulated(idA, idB)
    const inThread = (name: string, transport: Transport) =>
      new ThreadTransport(transport, new SimulatedThread(name, pair.clock), () => {})
    return { ...pair, a: inThread('a', pair.a), b: inThread('b', pair.b) }
  },
  'breaks',
)

async function simulated(idA: SystemId, idB: SystemId) {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork({ clock, random: seededRandom(11), latencyMs: [0.1, 5] })
  return {
    clock,
    a: network.transport(),
    b: network.transport(),
    until: onVirtualTime(clock),
    async breakLink() {
      for (const id of [idA, idB]) network.linkDown(id)
    },
    async restoreLink() {
      for (const id of [idA, idB]) network.linkUp(id)
    },
  }
}
