import { afterEach } from 'vitest'
import { systemClock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { FaultyState } from '../sim/faulty-state.js'
import { Trace } from '../sim/trace.js'
import { Wire } from '../sim/wire.js'
import { blobStoreContract } from './blob-store.js'
import { documentsContract } from './documents.js'
import { jobLogContract } from './job-log.js'
import { leaseStoreContract } from './lease-store.js'
import { stateStoreContract } from './state-store.js'

/** Worlds whose time goes on. */
const going = new Set<VirtualClock>()

afterEach(() => going.clear())

/** Contracts await what they ask for, so time must pass by itself. */
async function go(clock: VirtualClock): Promise<void> {
  going.add(clock)
  while (going.has(clock)) {
    await clock.advance(1)
    await new Promise<void>((resolve) => systemClock.soon(resolve))
  }
}

/** Slow, and its halves come one by one: that is still good. */
async function twoNodes() {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const wire = new Wire(clock, random)
  const wires = { log: wire, blobs: wire, documents: wire, lease: wire }
  const state = new FaultyState({
    memory: new MemoryState(),
    wires,
    clock,
    random,
    trace: new Trace(clock),
  })
  Object.assign(state.faults.blobs, { halves: 0.5, putMs: [0, 5] })
  void go(clock)
  const node = (name: string) => state.open({ name, clock, isAlive: () => true })
  return { one: node('one'), other: node('other') }
}

stateStoreContract('the faulty state store in good conditions', twoNodes)

jobLogContract('its job log', async () => {
  const { one, other } = await twoNodes()
  const run = 'run1' as RunId
  return { one: one.log(run), other: other.log(run) }
})

blobStoreContract('its blobs', async () => {
  const { one, other } = await twoNodes()
  return { one: one.blobs, other: other.blobs }
})

documentsContract('its documents', async () => {
  const { one, other } = await twoNodes()
  return { one: one.documents, other: other.documents }
})

leaseStoreContract('its lease', async () => {
  const { one, other } = await twoNodes()
  return { one: one.lease, other: other.lease }
})
