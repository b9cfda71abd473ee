import { expect, test } from 'vitest'
import type { NodeRole } from '#actors/cluster-view.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { Parcel } from '#src/actor/transport/transport.js'
import { Connectors } from '#src/connector/registry.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { JobShelf } from '#src/testing/job-shelf.js'
import { MemoryState } from '#src/testing/memory-state.js'
import type { Surroundings } from '#src/testing/simulated-host.js'
import { SimulatedMachine } from '#src/testing/simulated-machine.js'
import { wordOf } from '../../sim/parcel-words.js'

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

test('when a task manager is lost before its node stands, for want of a leader that answers, then it comes back', async () => {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const state = new MemoryState()
  let lost: 'standbys' | 'all' | 'nothing' = 'nothing'
  const isCut = (_: unknown, __: unknown, parcel: Parcel) =>
    lost === 'all' || (lost === 'standbys' && wordOf(parcel) === 'standby')
  const network = new SimulatedNetwork({ clock, random, isCut })
  const machine = (name: string, roles: readonly NodeRole[], events: string[]) =>
    new SimulatedMachine({
      name,
      roles,
      slots: 1,
      clock,
      random,
      network,
      surroundings: surroundingsOf(state),
      heartbeatTimeoutMs: 3_000,
      logger: silentLogger,
      onEvent: ({ type }) => events.push(type),
    })
  machine('jm', ['job-manager'], [])
  await clock.advance(3_000)
  lost = 'standbys'
  const events: string[] = []
  machine('all', ['job-manager', 'task-manager'], events)
  await clock.advance(2_000)
  lost = 'all'
  await clock.advance(5_000)
  lost = 'nothing'
  await clock.advance(10_000)
  expect(events.filter((type) => type === 'lost' || type === 'ready')).toEqual(['lost', 'ready'])
})

function surroundingsOf(state: MemoryState): Surroundings {
  return {
    jobs: new JobShelf(),
    openStore: () => state.open(),
    connectors: () => async () => new Connectors({}, {}),
  }
}

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
    surroundings: surroundingsOf(state),
    logger: silentLogger,
  })
  return { clock, machine }
}
