import { expect, test } from 'vitest'
import type { Direction } from '#actors/direction.js'
import type { EvacuateNode, JobMasterMessage } from '#actors/job-master.js'
import { type DescribeNodes, ResourceManager, type SlotsAnswer } from '#actors/resource-manager.js'
import type { SlotThread, SlotThreadEvents, SlotThreads } from '#actors/slot-threads.js'
import { TaskManager, type TaskManagerMessage, type TaskManagerNews } from '#actors/task-manager.js'
import type { ActorRef } from '#src/actor/actor.js'
import { ActorSystem } from '#src/actor/system.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import type {
  Attempt,
  CheckpointId,
  Epoch,
  NodeId,
  RunId,
  SlotIndex,
  SubtaskIndex,
  SystemId,
} from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { actorOf, Listener } from '../actor/system-fixture.js'
import { FakeContext, refTo } from './fake-context.js'

const TIMEOUT_MS = 10_000
const RUN = 'run1' as RunId

/** Slots whose threads do nothing but end. */
class FakeThreads implements SlotThreads {
  readonly events: SlotThreadEvents[] = []
  readonly orders: string[] = []

  start(_: unknown, events: SlotThreadEvents): SlotThread {
    const number = this.events.push(events)
    const order = (what: string) => () => void this.orders.push(`${what} ${number}`)
    return {
      system: `thread${number}` as SystemId,
      end: order('end'),
      fence: order('fence'),
      terminate: order('terminate'),
    }
  }
}

/** A resource manager, and task managers in systems of their own. */
function stage() {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const network = new SimulatedNetwork({ clock, random })
  const system = (id: string) =>
    new ActorSystem({
      id: id as SystemId,
      clock,
      random,
      logger: silentLogger,
      transports: [network.transport()],
      limits: { peerSilenceMs: TIMEOUT_MS },
      onFailure: () => {},
    })
  const leader = system('leader')
  const resources = leader.spawn(
    'resources',
    new ResourceManager({
      own: info('jm-1', 'jm'),
      term: 1,
      heartbeatTimeoutMs: TIMEOUT_MS,
      rejoinMs: 0,
      residentBytes: () => 1,
      wallTime: () => clock.wallTime(),
      logger: silentLogger,
    }),
  )
  const join = (id: string, name: string, { aheadMs = 0, protocol = 1 } = {}) => {
    const own = system(id)
    const [news, threads] = [[] as TaskManagerNews[], new FakeThreads()]
    const meters = { fencedWrites: 0 }
    const ref = own.spawn(
      'tm',
      new TaskManager({
        info: { ...info(id, name), protocol },
        slots: 2,
        orphanMs: 0,
        resourceManager: resources,
        threads,
        meters,
        residentBytes: () => 7,
        wallTime: () => clock.wallTime() + aheadMs,
        tree: () => own.tree(),
        onNews: (one) => news.push(one),
      }),
    )
    return { id: id as SystemId, own, ref, news, threads, meters, kinds: () => news.map(({ type }) => type) }
  }
  const nodes = async () => {
    const describe: DescribeNodes = { type: 'describe' }
    const described = leader.ask(resources, describe, { timeoutMs: 1_000 })
    await clock.advance(0)
    return described
  }
  return { clock, network, leader, resources, join, nodes }
}

function info(node: string, name: string): NodeInfo {
  const rest = { host: 'h', pid: 1, version: '0.1.0', cpus: 1, memoryBytes: 1, labels: {}, startedAt: 0 }
  return { node: node as NodeId, name, protocol: 1, ...rest }
}

const openSlot = (slot: number, jobMaster: ActorRef<JobMasterMessage>): TaskManagerMessage => ({
  type: 'open-slot',
  slot: slot as SlotIndex,
  run: RUN,
  attempt: 1 as Attempt,
  index: 0 as SubtaskIndex,
  code: { bundle: '', request: { params: {} }, fingerprint: '' },
  direction: { epoch: 1 as Epoch, jobMaster, coordinator: refTo('coordinator') },
  term: 1,
})

test('when a task manager starts, then it is registered, and shown with what it last said', async () => {
  const { clock, join, nodes } = stage()
  const a = join('a-1', 'a')
  await clock.advance(10)
  expect(a.news).toEqual([{ type: 'registered' }])
  a.meters.fencedWrites = 3
  await clock.advance(1_500)
  expect(await nodes()).toMatchObject([
    { name: 'jm', roles: ['job-manager'], slots: 0 },
    { name: 'a', roles: ['task-manager'], slots: 2, freeSlots: 2, fencedWrites: 3, residentBytes: 7 },
  ])
})

test('when it is taken for dead, then it stops what it runs once it hears so, and is never taken in again', async () => {
  const { clock, network, leader, join, nodes } = stage()
  const a = join('a-1', 'a')
  join('b-1', 'b')
  const jobMaster = leader.spawn('job', actorOf<JobMasterMessage>({}))
  await clock.advance(10)
  leader.send(a.ref, openSlot(0, jobMaster))
  await clock.advance(10)
  network.partition(a.id, 'leader' as SystemId)
  // Its verdict falls a little after its own.
  await clock.advance(TIMEOUT_MS * LIMITS.selfFenceShare - 1_500)
  expect(a.threads.orders).toEqual([])
  await clock.advance(3_000)
  expect(a.threads.orders).toEqual(['fence 1'])
  expect(a.news.at(-1)).toEqual({ type: 'lost', reason: 'fenced' })
  await clock.advance(3_000)
  network.heal(a.id, 'leader' as SystemId)
  expect((await nodes()).map(({ name }) => name)).toEqual(['jm', 'b'])
  network.kill(a.id)
  await a.own.kill()
  const revenant = join('a-1', 'a')
  await clock.advance(10)
  expect(revenant.news).toEqual([{ type: 'lost', reason: 'evicted' }])
  const again = join('a-2', 'a')
  await clock.advance(10)
  expect(again.news).toEqual([{ type: 'registered' }])
})

test('when its link is down for less than that, then it waits, and goes on with what it runs', async () => {
  const { clock, network, leader, join } = stage()
  const a = join('a-1', 'a')
  const jobMaster = leader.spawn('job', actorOf<JobMasterMessage>({}))
  await clock.advance(10)
  leader.send(a.ref, openSlot(0, jobMaster))
  await clock.advance(10)
  network.linkDown(a.id)
  await clock.advance(4_000)
  expect(a.kinds()).toEqual(['registered', 'waiting'])
  network.linkUp(a.id)
  await clock.advance(1_100)
  expect(a.kinds()).toEqual(['registered', 'waiting', 'back'])
  expect(a.threads.orders).toEqual([])
})

test('when its process was frozen, then the first thing that it does is to fence itself, and it says no more', () => {
  // A clock that goes on while nothing runs.
  let now = 0
  let thaw = () => {}
  const clock = {
    now: () => now,
    after: (_: number, callback: () => void) => {
      thaw = callback
      return () => {}
    },
  }
  const news: TaskManagerNews[] = []
  const ctx = new FakeContext(
    new TaskManager({
      info: info('a-1', 'a'),
      slots: 2,
      orphanMs: 0,
      resourceManager: refTo('resources'),
      threads: new FakeThreads(),
      meters: { fencedWrites: 0 },
      residentBytes: () => 1,
      wallTime: () => 0,
      tree: () => {
        throw new Error('nobody looks')
      },
      onNews: (one) => news.push(one),
    }),
    clock as VirtualClock,
  )
  ctx.takeAsked('heartbeat')[0]?.answer({ kind: 'registered', heartbeatTimeoutMs: TIMEOUT_MS })
  now = TIMEOUT_MS * LIMITS.selfFenceShare + 1
  thaw()
  expect(news).toEqual([{ type: 'registered' }, { type: 'lost', reason: 'fenced' }])
  expect(ctx.takeAsked('heartbeat')).toEqual([])
})

test('when another comes by the name of one that lives, then it is refused; of one that is gone, it is taken in', async () => {
  const { clock, network, join } = stage()
  const first = join('a-1', 'a')
  join('b-1', 'b')
  await clock.advance(3_000)
  const second = join('a-2', 'a')
  await clock.advance(500)
  expect(second.news).toMatchObject([{ type: 'refused', error: { code: 'RT1516' } }])
  network.kill(first.id)
  await first.own.kill()
  const third = join('a-3', 'a')
  await clock.advance(1_500)
  expect(third.kinds()).toEqual(['registered'])
})

test('when it speaks another protocol, then it is refused with the reason', async () => {
  const { clock, join } = stage()
  const a = join('a-1', 'a', { protocol: 9 })
  await clock.advance(10)
  expect(a.news).toMatchObject([{ type: 'refused', error: { code: 'RT1515' } }])
})

test('when its clock is wrong, then it and whoever looks are told', async () => {
  const { clock, join, nodes } = stage()
  const a = join('a-1', 'a', { aheadMs: 90_000 })
  await clock.advance(8_000)
  expect(a.news).toMatchObject([{ type: 'registered' }, { type: 'warning', error: { code: 'RT1519' } }])
  const [, shown] = await nodes()
  expect(shown?.clockSkewMs).toBeGreaterThan(89_000)
})

test('when it drains, then no slot of its is given away, its jobs are told to leave, and it is done when none is held', async () => {
  const { clock, leader, resources, join } = stage()
  const a = join('a-1', 'a')
  await clock.advance(10)
  const told = new Listener<EvacuateNode>()
  const jobMaster = leader.spawn('job', told)
  const request = (attempt: number) =>
    leader.ask(
      resources,
      { type: 'request-slots', run: RUN, attempt: attempt as Attempt, count: 1, jobMaster },
      { timeoutMs: 100 },
    )
  const granted = request(1)
  leader.send(a.ref, openSlot(0, jobMaster as ActorRef<unknown> as ActorRef<JobMasterMessage>))
  await clock.advance(10)
  expect(((await granted) as SlotsAnswer).kind).toBe('granted')

  let isDrained = false
  void leader.ask(a.ref, { type: 'drain' }, { timeoutMs: 60_000 }).then(() => {
    isDrained = true
  })
  await clock.advance(1_500)
  expect(told.heard[0]).toEqual({ type: 'evacuate', node: 'a-1' })
  expect(isDrained).toBe(false)
  const refused = request(2)
  await clock.advance(10)
  expect(await refused).toMatchObject({ kind: 'waiting' })
  leader.send(a.ref, {
    type: 'close-slot',
    slot: 0 as SlotIndex,
    run: RUN,
    attempt: 1 as Attempt,
    epoch: 1 as Epoch,
  })
  await clock.advance(10)
  a.threads.events[0]?.onExit(undefined)
  await clock.advance(10)
  expect(isDrained).toBe(true)
})

test('when a job master is gone, then nobody supervises what runs for it, and every slot of its is closed', async () => {
  const { clock, network, leader, join } = stage()
  const a = join('a-1', 'a')
  await clock.advance(10)
  const jobMaster = leader.spawn('job', actorOf<JobMasterMessage>({}))
  const another = join('other', 'other').own.spawn('job', actorOf<JobMasterMessage>({}))
  leader.send(a.ref, openSlot(0, jobMaster))
  leader.send(a.ref, openSlot(1, jobMaster))
  leader.send(a.ref, openSlot(2, another))
  await clock.advance(3_000)
  expect(a.threads.orders).toEqual([])
  network.kill('leader' as SystemId)
  await leader.kill()
  await clock.advance(2_000)
  expect(a.threads.orders).toEqual(['end 1', 'end 2'])
})

test('when a job master that was started again adopts a slot, then the end of the one before, heard late, closes nothing', async () => {
  const { clock, network, leader, join } = stage()
  const a = join('a-1', 'a')
  await clock.advance(10)
  const jobMaster = leader.spawn('job', actorOf<JobMasterMessage>({}))
  leader.send(a.ref, openSlot(0, jobMaster))
  await clock.advance(1_000)
  network.partition(a.id, 'leader' as SystemId)
  leader.killActor(jobMaster)
  await clock.advance(10)
  network.heal(a.id, 'leader' as SystemId)
  const again = leader.spawn('job', actorOf<JobMasterMessage>({}))
  const direction: Direction = { epoch: 2 as Epoch, jobMaster: again, coordinator: refTo('coordinator') }
  const adopted = leader.ask(
    a.ref,
    {
      type: 'adopt-slot',
      slot: 0 as SlotIndex,
      run: RUN,
      attempt: 1 as Attempt,
      direction,
      settled: 0 as CheckpointId,
    },
    { timeoutMs: 1_000 },
  )
  await clock.advance(5_000)
  await adopted
  expect(a.threads.orders).toEqual([])
  leader.killActor(again)
  await clock.advance(1_000)
  expect(a.threads.orders).toEqual(['end 1'])
})
