import { expect, test } from 'vitest'
import type { EvacuateNode } from '#actors/job-master.js'
import {
  type ClaimAnswer,
  type HeldSlot,
  ResourceManager,
  type ResourceManagerMessage,
  type SlotGrant,
  type SlotsAnswer,
} from '#actors/resource-manager.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import type { Attempt, Epoch, NodeId, RunId, SlotIndex, SubtaskIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { FakeContext, refTo } from './fake-context.js'

const JOB_MASTER = refTo<EvacuateNode>('job-master')
const FACTS = { host: 'h', pid: 1, version: '0.1.0', cpus: 1, memoryBytes: 1, labels: {}, startedAt: 0 }
const info = (name: string): NodeInfo => ({ ...FACTS, node: name as NodeId, name, protocol: 1 })

const held = (slot: number, index: number, attempt = 3, run = 'run1'): HeldSlot => ({
  slot: slot as SlotIndex,
  run: run as RunId,
  attempt: attempt as Attempt,
  index: index as SubtaskIndex,
})

const grant = (node: string, slot: number): SlotGrant => ({
  node: node as NodeId,
  taskManager: refTo(`tm-${node}`),
  slot: slot as SlotIndex,
})

/** That of a leader who has just taken over; task managers have two slots each. */
function stage() {
  const clock = new VirtualClock()
  const manager = new ResourceManager({
    own: info('jm'),
    term: 7,
    heartbeatTimeoutMs: 25_000,
    rejoinMs: LIMITS.rejoinMs,
    residentBytes: () => 1,
    wallTime: () => clock.wallTime(),
    logger: silentLogger,
  })
  const ctx = new FakeContext<ResourceManagerMessage>(manager, clock)
  const ask = <T>(message: ResourceManagerMessage): T => {
    const before = ctx.replies.length
    ctx.ask_(message)
    return ctx.replies[before] as T
  }
  const of = (run: string, attempt: number) => ({ run: run as RunId, attempt: attempt as Attempt })
  const heartbeat = (name: string, slots: readonly HeldSlot[], state: 'alive' | 'draining') =>
    ask({
      type: 'heartbeat',
      heartbeat: {
        info: info(name),
        taskManager: refTo(`tm-${name}`),
        slots: 2,
        held: slots,
        state,
        wallTime: clock.wallTime(),
        residentBytes: 1,
        fencedWrites: 0,
      },
    })
  return {
    clock,
    ctx,
    beat: (name: string, ...slots: HeldSlot[]) => heartbeat(name, slots, 'alive'),
    drain: (name: string) => heartbeat(name, [], 'draining'),
    claim: (count: number, attempt = 3, run = 'run1', jobMaster = JOB_MASTER) =>
      ask<ClaimAnswer>({ type: 'claim-slots', ...of(run, attempt), count, jobMaster }),
    request: (count: number, attempt: number, run = 'run1') =>
      ask<SlotsAnswer>({ type: 'request-slots', ...of(run, attempt), count, jobMaster: JOB_MASTER }),
    release: (attempt: number, epoch = 2, run = 'run1') =>
      ask<'ok'>({ type: 'release-slots', ...of(run, attempt), epoch: epoch as Epoch }),
    /** What task managers were told to close. */
    closed: () =>
      ctx.takeAsked('close-slot').map(({ to, question }) => {
        const { slot, run, attempt, epoch } = question
        return [to, slot, run, attempt, epoch]
      }),
    freeSlots() {
      const nodes = ask<readonly { readonly freeSlots: number }[]>({ type: 'describe' })
      return nodes.map(({ freeSlots }) => freeSlots).reduce((sum, free) => sum + free, 0)
    },
  }
}

test('when task managers join with slots of a run, then whoever claims them gets them, in the order of their indices', () => {
  const { beat, claim } = stage()
  expect(beat('a', held(1, 2), held(0, 1)), 'and hears who leads').toMatchObject({ term: 7 })
  expect(claim(3)).toEqual({ kind: 'waiting' })
  beat('b', held(0, 0))
  const slots = [grant('b', 0), grant('a', 0), grant('a', 1)]
  expect(claim(3)).toEqual({ kind: 'held', slots })
  expect(claim(3), 'asked again').toEqual({ kind: 'held', slots })
})

test('when some of the slots are nowhere, then they may still be told of for a while, and are missing after it', async () => {
  const { clock, beat, claim } = stage()
  beat('a', held(0, 0))
  await clock.advance(5_000)
  expect(claim(2)).toEqual({ kind: 'waiting' })
  await clock.advance(LIMITS.rejoinMs - 1)
  expect(claim(2)).toEqual({ kind: 'waiting' })
  await clock.advance(1)
  expect(claim(2)).toEqual({ kind: 'missing' })
  beat('b', held(1, 1))
  expect(claim(2), 'better late').toMatchObject({ kind: 'held' })
})

test('when slots are of another run, another attempt, or twice of one index, then they are not what is claimed', async () => {
  const { clock, beat, claim } = stage()
  beat('a', held(0, 0), held(1, 1, 2))
  beat('b', held(0, 1, 3, 'run2'), held(1, 0))
  for (const [count, attempt, run] of [
    [2, 3, 'run1'],
    [1, 2, 'run1'], // index 1 alone is no whole
    [1, 3, 'run2'],
  ] as const) {
    expect(claim(count, attempt, run)).toEqual({ kind: 'waiting' })
    await clock.advance(LIMITS.rejoinMs)
    expect(claim(count, attempt, run)).toEqual({ kind: 'missing' })
  }
})

test('when slots were found, then nobody else gets them, nor are they shown as free', () => {
  const { beat, request, freeSlots } = stage()
  beat('a', held(0, 0))
  expect(freeSlots()).toBe(1)
  expect(request(1, 1, 'run2')).toEqual({ kind: 'granted', slots: [grant('a', 1)] })
  expect(request(1, 1, 'run3')).toMatchObject({ kind: 'waiting' })
  expect(freeSlots()).toBe(0)
})

test('when another leader has started an attempt meanwhile, then its slots are found, and nobody else gets them', () => {
  const { beat, claim, request } = stage()
  beat('a')
  beat('b')
  beat('a', held(0, 0), held(1, 1))
  expect(request(3, 1, 'run2')).toMatchObject({ kind: 'waiting' })
  expect(claim(2)).toEqual({ kind: 'held', slots: [grant('a', 0), grant('a', 1)] })
})

test('when a slot that was claimed is held, then nobody else gets it, whatever heartbeats say', () => {
  const { beat, claim, request } = stage()
  beat('a', held(0, 0))
  claim(1)
  beat('a')
  expect(request(2, 1, 'run2')).toMatchObject({ kind: 'waiting' })
  expect(claim(1)).toMatchObject({ kind: 'held' })
})

test('when a found slot is no longer held, then it is free, and the other one is not', () => {
  const { beat, request } = stage()
  beat('a', held(0, 0), held(1, 0, 1, 'run2'))
  beat('b')
  beat('a', held(1, 0, 1, 'run2'))
  expect(request(4, 4)).toMatchObject({ kind: 'waiting' })
  expect(request(3, 4)).toMatchObject({ kind: 'granted', slots: expect.arrayContaining([grant('a', 0)]) })
})

test('when a task manager ends, then what was found there is missing', async () => {
  const { clock, ctx, beat, claim } = stage()
  beat('a', held(0, 0))
  ctx.watched.find(({ to }) => to === 'tm-a')?.end({ kind: 'lost' })
  claim(1)
  await clock.advance(LIMITS.rejoinMs)
  expect(claim(1)).toEqual({ kind: 'missing' })
})

test('when an attempt is released, then its slots and older ones are closed, found or claimed, and are free', () => {
  const { beat, claim, release, closed, request } = stage()
  beat('a', held(0, 0), held(1, 0, 2))
  beat('b', held(0, 0, 4), held(1, 0, 1, 'run2'))
  claim(1)
  expect(release(3)).toBe('ok')
  expect(closed().toSorted()).toEqual([
    ['tm-a', 0, 'run1', 3, 2],
    ['tm-a', 1, 'run1', 2, 2],
  ])
  expect(request(2, 1, 'run3')).toEqual({ kind: 'granted', slots: [grant('a', 0), grant('a', 1)] })
  expect(request(1, 1, 'run4'), 'the others are not').toMatchObject({ kind: 'waiting' })
})

test('when a task manager joins late with what was released, then that is closed; a later attempt is not', () => {
  const { beat, release, closed, claim } = stage()
  release(2)
  release(3, 5)
  beat('a', held(0, 0), held(1, 0, 4))
  expect(closed()).toEqual([['tm-a', 0, 'run1', 3, 5]])
  expect(claim(1, 4)).toEqual({ kind: 'held', slots: [grant('a', 1)] })
  beat('b', held(0, 0, 3, 'run2'))
  expect(closed(), 'of another run').toEqual([])
})

test('when a job master is started again, then it gets what it held, and hears when it is to leave a node', () => {
  const { ctx, beat, drain, request, claim } = stage()
  beat('a')
  request(2, 3)
  const again = refTo<EvacuateNode>('job-master-again')
  expect(claim(2, 3, 'run1', again)).toEqual({ kind: 'held', slots: [grant('a', 0), grant('a', 1)] })
  drain('a')
  expect(ctx.sent).toEqual([{ to: 'job-master-again', message: { type: 'evacuate', node: 'a' } }])
})
