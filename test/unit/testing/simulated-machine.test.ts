import { expect, test } from 'vitest'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import { Connectors } from '#src/connector/registry.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { JobShelf } from '#src/testing/job-shelf.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { SimulatedMachine } from '#src/testing/simulated-machine.js'

test('when a machine freezes while it starts, then it thaws as one that starts, and is ready when its node is', async () => {
  const { clock, machine } = started()
  machine.freeze()
  await clock.advance(10_000)
  machine.thaw()
  expect([machine.isUp, machine.isReady]).toEqual([true, false])

  await clock.advance(10_000)
  expect(machine.isReady).toBe(true)
})

test('when a machine freezes that was ready, then it is ready when it thaws, and not before', async () => {
  const { clock, machine } = started()
  await clock.advance(10_000)
  machine.freeze()
  expect([machine.isUp, machine.isReady]).toEqual([false, false])

  machine.thaw()
  expect([machine.isUp, machine.isReady]).toEqual([true, true])
})

function started(): { clock: VirtualClock; machine: SimulatedMachine } {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const state = new MemoryState()
  const machine = new SimulatedMachine({
    name: 'jm',
    roles: ['job-manager'],
    slots: 0,
    clock,
    random,
    network: new SimulatedNetwork({ clock, random }),
    surroundings: {
      jobs: new JobShelf(),
      openStore: () => state.open(),
      connectors: () => async () => new Connectors({}, {}),
    },
    logger: silentLogger,
  })
  return { clock, machine }
}
