import { expect, test } from 'vitest'
import type { CheckpointCoordinatorMessage } from '#actors/checkpoint-coordinator.js'
import type { ThreadActors } from '#actors/cluster-view.js'
import type { Direction } from '#actors/direction.js'
import type { JobMasterMessage } from '#actors/job-master.js'
import type { HeartbeatAnswer } from '#actors/resource-manager.js'
import type { SlotMessage } from '#actors/slot.js'
import type { SlotThread, SlotThreadEvents, SlotThreads } from '#actors/slot-threads.js'
import {
  type AdoptSlot,
  type CloseSlot,
  type OpenSlot,
  TaskManager,
  type TaskManagerMessage,
} from '#actors/task-manager.js'
import type { ActorRef } from '#src/actor/actor.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { errorInfoOf } from '#src/kit/errors.js'
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
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { FakeContext, refTo } from './fake-context.js'

const ORPHAN_MS = 4_000
const SLOT: ActorRef<SlotMessage> = refTo('slot-0')
const registered = (term: number): HeartbeatAnswer => ({
  kind: 'registered',
  heartbeatTimeoutMs: 1e9,
  warning: undefined,
  term,
})
const TREE = { about: 'a tree' } as ActorSnapshot
const oom = errorInfoOf(new Error('out of memory'))

const direction = (epoch: number, leader = `leader-${epoch}`): Direction => ({
  epoch: epoch as Epoch,
  jobMaster: refTo<JobMasterMessage>(leader),
  coordinator: refTo<CheckpointCoordinatorMessage>(`${leader}.checkpoints`),
})

const place = (run: string, attempt: number, slot = 0) => ({
  slot: slot as SlotIndex,
  run: run as RunId,
  attempt: attempt as Attempt,
})

/** A task manager alone, with one slot, which the test ends and answers for. */
function stage({ orphanMs = ORPHAN_MS } = {}) {
  const clock = new VirtualClock()
  const threads: SlotThreadEvents[] = []
  const orders: string[] = []
  const slotThreads: SlotThreads = {
    start: (_, events): SlotThread => {
      const number = threads.push(events)
      const order = (what: string) => () => void orders.push(`${what} ${number}`)
      const system = `thread${number}` as SystemId
      return { system, end: order('end'), fence: order('fence'), terminate: order('terminate') }
    },
  }
  const taskManager = new TaskManager({
    info: { node: 'a-1' as NodeId, name: 'a' } as NodeInfo,
    slots: 1,
    orphanMs,
    resourceManager: refTo('resources'),
    threads: slotThreads,
    meters: { fencedWrites: 0 },
    residentBytes: () => 1,
    wallTime: () => clock.wallTime(),
    tree: () => TREE,
    onNews: () => {},
  })
  const ctx = new FakeContext(taskManager, clock)
  /** The next heartbeat is answered. */
  const answer = (value: HeartbeatAnswer) => {
    ctx.tell({ type: 'heartbeat-due' })
    ctx.takeAsked('heartbeat').at(-1)?.answer(value)
  }
  answer(registered(1))
  /** What it has sent to itself arrives. */
  const settle = () => {
    for (const { to, message } of ctx.sent.splice(0))
      if (to === ctx.self.address) ctx.tell(message as unknown as TaskManagerMessage)
  }
  const open = (by: Direction, run = 'run1', attempt = 1, term = 1, slot = 0) => {
    const [index, opened] = [0 as SubtaskIndex, threads.length]
    const code = { bundle: '', request: { params: {} }, fingerprint: '' }
    const message: OpenSlot = {
      type: 'open-slot',
      ...place(run, attempt, slot),
      index,
      code,
      direction: by,
      term,
    }
    ctx.ask_(message)
    if (threads.length > opened) threads.at(-1)?.onReady(SLOT)
    settle()
  }
  return {
    clock,
    ctx,
    orders,
    open,
    answer,
    /** Asks it to let another adopt the slot: what it answers at once. */
    adopt(by: Direction, run = 'run1', attempt = 1): unknown {
      const before = ctx.replies.length
      const settled = 64 as CheckpointId
      const message: AdoptSlot = { type: 'adopt-slot', ...place(run, attempt), direction: by, settled }
      ctx.ask_(message)
      return ctx.replies[before]
    },
    close(epoch: number, run = 'run1', attempt = 1) {
      const message: CloseSlot = { type: 'close-slot', ...place(run, attempt), epoch: epoch as Epoch }
      ctx.ask_(message)
      return ctx.replies.at(-1)
    },
    exit(error?: typeof oom) {
      threads.at(-1)?.onExit(error)
      settle()
    },
    jobMasterEnds: (leader: string) => ctx.watched.find(({ to }) => to === leader)?.end({ kind: 'lost' }),
    /** What it says that it holds. */
    held() {
      ctx.tell({ type: 'heartbeat-due' })
      const beat = ctx.takeAsked('heartbeat').at(-1)?.question['heartbeat']
      return (beat as { held: readonly unknown[] }).held
    },
  }
}

test('when another leader adopts a slot, then the slot is asked, and its answer is passed on', () => {
  const { ctx, open, adopt } = stage()
  open(direction(1))
  expect(adopt(direction(2)), 'not before the slot has told').toBeUndefined()
  const [asked] = ctx.takeAsked('adopt')
  expect(asked).toMatchObject({ to: 'slot-0', question: { direction: direction(2), settled: 64 } })
  const subtasks = [{ subtask: '0-0', state: 'RUNNING', ended: false, final: false, splits: [] }]
  asked?.answer(subtasks)
  expect(ctx.replies.at(-1)).toEqual({ kind: 'adopted', slot: SLOT, subtasks })
})

test('when a slot does not tell, then whoever asks is not answered, and asks again', () => {
  const { ctx, open, adopt } = stage()
  open(direction(1))
  adopt(direction(2))
  const before = ctx.replies.length
  ctx.takeAsked('adopt')[0]?.fail({ kind: 'timed-out' })
  expect(ctx.replies).toHaveLength(before)
  adopt(direction(2))
  ctx.takeAsked('adopt')[0]?.answer([])
  expect(ctx.replies.at(-1)).toMatchObject({ kind: 'adopted' })
})

test('when whoever led before adopts or closes a slot, then nothing changes', () => {
  const { ctx, orders, open, adopt, close, held } = stage()
  open(direction(1))
  adopt(direction(2))
  ctx.takeAsked('adopt')
  expect(adopt(direction(1)), 'it is not answered').toBeUndefined()
  expect(ctx.takeAsked('adopt')).toEqual([])
  expect(close(1)).toBe('ok')
  expect([orders, ctx.takeAsked('close')]).toEqual([[], []])
  expect(held()).toEqual([{ slot: 0, run: 'run1', attempt: 1, index: 0 }])
  close(2)
  expect(ctx.takeAsked('close')).toHaveLength(1)
})

test('when a word comes under a higher epoch, then whoever directed it before hears that it is replaced', () => {
  const told = () => ctx.takeAsked('replaced').map(({ to, question }) => [to, question['epoch']])
  const { ctx, open, adopt, close } = stage()
  open(direction(1))
  close(1)
  adopt(direction(1))
  expect(told()).toEqual([])
  adopt(direction(2))
  adopt(direction(2))
  expect(told()).toEqual([['leader-1', 2]])
  close(3)
  expect(told()).toEqual([['leader-2', 3]])
  open(direction(4), 'run1', 2)
  expect(told()).toEqual([['leader-2', 4]])
  open(direction(5), 'run2')
  expect(told(), 'of another run').toEqual([])
})

test('when a slot is lost after its adoption, then the new leader hears of it', () => {
  const { ctx, open, adopt, exit } = stage()
  open(direction(1))
  adopt(direction(2))
  exit(oom)
  expect(ctx.takeAsked('slot-lost')).toMatchObject([
    {
      to: 'leader-2',
      question: { attempt: 1, node: 'a-1', slot: 0, error: oom },
      options: LIMITS.controlAsk,
    },
  ])
})

test('when a slot was lost before, then the adopter hears what for; one that was closed or never opened is just gone', () => {
  const lost = stage()
  lost.open(direction(1))
  lost.exit(oom)
  expect(lost.adopt(direction(2))).toEqual({ kind: 'gone', error: oom })

  const closing = stage()
  closing.open(direction(1))
  closing.close(1)
  expect(closing.adopt(direction(2))).toEqual({ kind: 'gone', error: undefined })
  closing.exit()
  expect(closing.adopt(direction(2))).toEqual({ kind: 'gone', error: undefined })

  const other = stage()
  other.open(direction(1), 'run1', 2)
  for (const [run, attempt] of [
    ['run1', 1],
    ['run2', 2],
  ] as const)
    expect(other.adopt(direction(9), run, attempt)).toEqual({ kind: 'gone', error: undefined })
  expect(other.ctx.takeAsked('adopt')).toEqual([])
})

test('when nobody has heard that a slot is lost, then it is told again, to whoever has adopted it by then', () => {
  const { ctx, open, adopt, exit, close } = stage()
  open(direction(1))
  exit(oom)
  const [first] = ctx.takeAsked('slot-lost')
  expect(first?.to).toBe('leader-1')
  adopt(direction(2))
  first?.fail({ kind: 'no-responder' })
  const [again] = ctx.takeAsked('slot-lost')
  expect(again).toMatchObject({ to: 'leader-2', question: first?.question as object })
  close(2)
  again?.fail({ kind: 'timed-out' })
  expect(ctx.takeAsked('slot-lost'), 'it is closed').toEqual([])
})

test('when somebody has heard that a slot is lost, then that is not told again', () => {
  const { ctx, open, exit } = stage()
  open(direction(1))
  exit(oom)
  ctx.takeAsked('slot-lost')[0]?.answer('ok')
  expect(ctx.takeAsked('slot-lost')).toEqual([])
})

test('when its job master ends, then a slot waits to be adopted, and is closed when nobody does', async () => {
  const { clock, ctx, open, jobMasterEnds, held } = stage()
  open(direction(1))
  jobMasterEnds('leader-1')
  await clock.advance(ORPHAN_MS - LIMITS.heartbeatMs)
  expect(ctx.takeAsked('close')).toEqual([])
  await clock.advance(LIMITS.heartbeatMs * 2)
  expect(ctx.takeAsked('close')).toMatchObject([{ to: 'slot-0' }])
  expect(held(), 'until its thread is gone').toHaveLength(1)
})

test('when another leader adopts a slot that waits, then it is not closed; its own end makes it wait again', async () => {
  const { clock, ctx, open, adopt, jobMasterEnds } = stage()
  open(direction(1))
  jobMasterEnds('leader-1')
  await clock.advance(ORPHAN_MS / 2)
  adopt(direction(2))
  await clock.advance(ORPHAN_MS * 3)
  expect(ctx.takeAsked('close')).toEqual([])
  jobMasterEnds('leader-2')
  await clock.advance(ORPHAN_MS + LIMITS.heartbeatMs)
  expect(ctx.takeAsked('close')).toHaveLength(1)
})

test('when the leader before ends only after the adoption, then that is nothing to a slot that another has', async () => {
  const { clock, ctx, open, adopt, jobMasterEnds } = stage()
  open(direction(1))
  adopt(direction(2))
  jobMasterEnds('leader-1')
  await clock.advance(ORPHAN_MS * 3)
  expect(ctx.takeAsked('close')).toEqual([])
})

test('when nobody else can take a job over, then the slots of a job master that ends are closed at once', () => {
  const { ctx, open, jobMasterEnds } = stage({ orphanMs: 0 })
  open(direction(1))
  jobMasterEnds('leader-1')
  expect(ctx.takeAsked('close')).toHaveLength(1)
  expect(ctx.takeAsked('directs-attempt')).toEqual([])
})

test('when its job master was only out of reach, then a slot is not closed, and waits again when that one ends', async () => {
  const { clock, ctx, open, jobMasterEnds } = stage()
  open(direction(1))
  jobMasterEnds('leader-1')
  ctx.takeAsked('directs-attempt')[0]?.fail({ kind: 'no-responder' })
  await clock.advance(LIMITS.heartbeatMs)
  const [again] = ctx.takeAsked('directs-attempt')
  expect(again).toMatchObject({ to: 'leader-1', question: { attempt: 1 } })
  again?.answer('ok')
  await clock.advance(ORPHAN_MS * 3)
  expect(ctx.takeAsked('close')).toEqual([])
  jobMasterEnds('leader-1')
  await clock.advance(ORPHAN_MS + LIMITS.heartbeatMs)
  expect(ctx.takeAsked('close')).toHaveLength(1)
})

test('when a slot that waits fails, then whoever adopts it hears what for', async () => {
  const { clock, open, jobMasterEnds, exit, adopt } = stage()
  open(direction(1))
  jobMasterEnds('leader-1')
  await clock.advance(ORPHAN_MS / 2)
  exit(oom)
  expect(adopt(direction(2))).toEqual({ kind: 'gone', error: oom })
})

test('when another run is given a slot that serves one, then whoever directs that one hears that its slot is lost', () => {
  const { ctx, orders, open } = stage()
  open(direction(1), 'run1')
  open(direction(7, 'another'), 'run2')
  expect(orders).toEqual(['terminate 1'])
  const [lost] = ctx.takeAsked('slot-lost')
  expect(lost).toMatchObject({ to: 'leader-1', question: { attempt: 1, slot: 0, error: { code: 'RT1510' } } })
  lost?.fail({ kind: 'no-responder' })
  expect(ctx.takeAsked('slot-lost'), 'nobody is left').toEqual([])
  open(direction(7, 'another'), 'run2', 2)
  expect(ctx.takeAsked('slot-lost'), 'its own later attempt knows').toEqual([])
})

test('when a leader that was replaced says that it was evicted, then that is not believed; of the one who leads it is', () => {
  const { orders, open, answer } = stage()
  open(direction(1))
  answer(registered(5))
  answer({ kind: 'evicted', term: 4 })
  expect(orders).toEqual([])
  answer({ kind: 'evicted', term: 5 })
  expect(orders).toEqual(['fence 1'])
})

test('when only leaders that were replaced answer, then it is as if nobody did', async () => {
  const { clock, orders, open, answer } = stage()
  open(direction(1))
  answer({ ...registered(5), heartbeatTimeoutMs: 10_000 } as HeartbeatAnswer)
  for (let beat = 0; beat < 9; beat++) {
    await clock.advance(LIMITS.heartbeatMs)
    answer(registered(4))
  }
  expect(orders).toEqual(['fence 1'])
})

test('when a leader that was replaced asks for a slot, then it gets none, and what runs there goes on', () => {
  const { ctx, orders, open, answer } = stage()
  open(direction(7), 'run2', 1, 5)
  answer(registered(5))
  const before = ctx.replies.length
  open(direction(1), 'run1', 1, 4)
  expect([orders, ctx.replies.length]).toEqual([[], before])
  open(direction(8), 'run1', 1, 5)
  expect(orders, 'the one who leads does').toEqual(['terminate 1'])
})

test('when it is asked once more what runs here, then each answer has each thread once', () => {
  const { ctx, open } = stage()
  for (const slot of [0, 1]) open(direction(1), 'run1', 1, 1, slot)
  for (let repeat = 0; repeat < 2; repeat++) ctx.ask_({ type: 'describe-threads' }, 7)
  const before = ctx.replies.length
  const asked = ctx.takeAsked('describe-actors')
  for (const position of [0, 2, 1, 3]) asked[position]?.answer(TREE)

  const slots = ctx.replies
    .slice(before)
    .map((threads) => (threads as ThreadActors[]).map(({ slot }) => slot))
  expect(slots).toEqual([
    [undefined, 0, 1],
    [undefined, 0, 1],
  ])
})
