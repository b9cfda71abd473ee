import { expect, test } from 'vitest'
import { SourceCoordinator, type SourceCoordinatorMessage } from '#actors/source-coordinator.js'
import type { AssignSplits } from '#actors/subtask-message.js'
import type { SplitEnumerator } from '#src/connector/source.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Epoch } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import { attempt, checkpoint, operatorId, split } from '../checkpoint/fixtures.js'
import { FakeContext, refTo } from './fake-context.js'

const SOURCE = operatorId('clicks')

function coordinate() {
  const clock = new VirtualClock()
  const topic = {
    partitions: 2,
    resolved: 0,
    failure: undefined as Error | undefined,
    closed: false,
  }
  const all = () => Array.from({ length: topic.partitions }, (_, owner) => split(owner))
  const enumerator: SplitEnumerator = {
    discoverEveryMs: 1_000,
    async resolve() {
      topic.resolved++
      if (topic.failure !== undefined) throw topic.failure
      return all()
    },
    async discover(known) {
      if (topic.failure !== undefined) throw topic.failure
      return all().filter((one) => !known.has(one.split))
    },
    async close() {
      topic.closed = true
    },
  }
  const coordinator = new SourceCoordinator({
    epoch: 4 as Epoch,
    where: undefined,
    source: SOURCE,
    enumerator,
    jobMaster: refTo('job-master'),
    logger: silentLogger,
  })
  const ctx = new FakeContext<SourceCoordinatorMessage>(coordinator, clock)
  return {
    clock,
    ctx,
    topic,
    coordinator,
    restore(of = 1) {
      const state = { source: SOURCE, splits: [split(0), split(1)] }
      ctx.ask_({ type: 'restore', attempt: attempt(of), state })
    },
    running(of = 1, readers = 2) {
      const refs = Array.from({ length: readers }, (_, index) => refTo<AssignSplits>(`reader-${index}`))
      ctx.ask_({ type: 'attempt-running', attempt: attempt(of), readers: refs })
    },
    take(id: number, of = 1): unknown {
      const before = ctx.replies.length
      ctx.ask_({ type: 'snapshot', attempt: attempt(of), checkpoint: checkpoint(id) })
      return ctx.replies[before]
    },
    release(id: number, type: 'barriers-emitted' | 'aborted' = 'barriers-emitted', of = 1) {
      ctx.ask_({ type, attempt: attempt(of), checkpoint: checkpoint(id) })
    },
  }
}

/** With two splits known, running. */
async function running() {
  const hands = coordinate()
  hands.ctx.ask_({ type: 'resolve' })
  await hands.clock.settle()
  hands.restore()
  hands.running()
  hands.ctx.replies.length = 0
  return hands
}

const names = (state: unknown) => (state as { splits: SplitPosition[] }).splits.map((one) => one.split)

test('when splits are resolved, then once, however often it is asked', async () => {
  const { ctx, clock, topic } = coordinate()
  ctx.ask_({ type: 'resolve' })
  ctx.ask_({ type: 'resolve' })
  await clock.settle()
  ctx.ask_({ type: 'resolve' })
  expect(ctx.replies).toEqual([1, 2, 3].map(() => ({ source: SOURCE, splits: [split(0), split(1)] })))
  expect(topic.resolved).toBe(1)
})

test('when resolving fails, then who asked hears why, and the next one tries again', async () => {
  const { ctx, clock, topic } = coordinate()
  topic.failure = new Error('no such topic')
  ctx.ask_({ type: 'resolve' })
  await clock.settle()
  expect(ctx.replies).toMatchObject([{ message: 'no such topic' }])
  topic.failure = undefined
  ctx.ask_({ type: 'resolve' })
  await clock.settle()
  expect(names(ctx.replies[1])).toHaveLength(2)
})

test('when new splits appear, then each goes to its reader, by owner modulo parallelism', async () => {
  const { ctx, clock, topic, take } = await running()
  await clock.advance(1_000)
  expect(ctx.asked).toEqual([])
  topic.partitions = 5
  await clock.advance(1_000)
  const assigned = ctx.takeAsked('assign')
  expect(assigned.map(({ to, question }) => [to, question['splits']])).toEqual([
    ['reader-0', [split(2), split(4)]],
    ['reader-1', [split(3)]],
  ])
  expect(
    assigned.map(({ question }) => question['epoch']),
    'its leader is known by',
  ).toEqual([4, 4])
  for (const one of assigned) one.answer('ok')
  await clock.advance(1_000)
  expect(ctx.asked, 'they are known now').toEqual([])
  expect(names(take(1))).toHaveLength(5)
})

test('when an assignment has not been answered, then the state waits for the answer', async () => {
  const { ctx, clock, topic, take } = await running()
  topic.partitions = 3
  await clock.advance(1_000)
  expect(take(1)).toBeUndefined()
  const [lost] = ctx.takeAsked('assign')
  lost?.fail({ kind: 'timed-out' })
  expect(ctx.replies, 'told again, not answered').toEqual([])
  ctx.takeAsked('assign')[0]?.answer('ok')
  expect(names(ctx.replies[0])).toEqual(['clicks-0', 'clicks-1', 'clicks-2'])
})

test.each(['barriers-emitted', 'aborted'] as const)(
  'when a state was taken, then new splits wait for %s and are in no state before',
  async (how) => {
    const { ctx, clock, topic, take, release } = await running()
    expect(names(take(1))).toHaveLength(2)
    topic.partitions = 3
    await clock.advance(5_000)
    expect(ctx.takeAsked('assign')).toEqual([])
    expect(names(take(2)), 'another checkpoint').toHaveLength(2)
    release(1, how)
    expect(ctx.takeAsked('assign'), 'the other holds it back').toEqual([])
    release(2, how)
    expect(ctx.takeAsked('assign').map(({ question }) => question['splits'])).toEqual([[split(2)]])
  },
)

test('when an old question comes again after its release, then it holds nothing back', async () => {
  const { ctx, clock, topic, take, release } = await running()
  take(1)
  release(1)
  take(1)
  topic.partitions = 3
  await clock.advance(1_000)
  expect(ctx.takeAsked('assign')).toHaveLength(1)
})

test('when a question is of another attempt, then it is not answered', async () => {
  const { take } = await running()
  expect(take(1, 2)).toBeUndefined()
})

test('when a job restarts, then what was discovered after its checkpoint is discovered again', async () => {
  const { ctx, clock, topic, take, restore, running: run } = await running()
  topic.partitions = 3
  await clock.advance(1_000)
  ctx.takeAsked('assign')[0]?.answer('ok')
  ctx.tell({ type: 'attempt-ended', attempt: attempt(1) })
  restore(2)
  run(2, 3)
  expect(names(take(1, 2))).toHaveLength(2)
  ctx.ask_({ type: 'barriers-emitted', attempt: attempt(2), checkpoint: checkpoint(1) })
  await clock.advance(1_000)
  expect(ctx.takeAsked('assign').map(({ to }) => to)).toEqual(['reader-2'])
})

test('when the word to restore comes again after the attempt runs, then it is answered and changes nothing', async () => {
  const { ctx, clock, topic, take, restore } = await running()
  topic.partitions = 3
  await clock.advance(1_000)
  ctx.takeAsked('assign')[0]?.answer('ok')
  restore(1)
  expect(ctx.replies, 'it is answered').toEqual(['ok'])
  expect(names(take(1))).toHaveLength(3)
})

test('when the word to restore an older attempt comes late, then the newer one keeps what it knows', async () => {
  const { ctx, restore, running: run, take } = await running()
  ctx.ask_({ type: 'restore', attempt: attempt(2), state: { source: SOURCE, splits: [split(0)] } })
  restore(1)
  run(2)
  expect(names(take(1, 2))).toEqual(['clicks-0'])
})

test('when an attempt is said to run before it was restored, then nothing is looked for until both are said', async () => {
  const { ctx, clock, restore, running: run, take } = await running()
  ctx.tell({ type: 'attempt-ended', attempt: attempt(1) })
  const before = ctx.replies.length
  run(2)
  expect(ctx.replies, 'without an answer it comes again').toHaveLength(before)
  expect(take(1, 2), 'it would be the state of the attempt before').toBeUndefined()
  restore(2)
  run(2)
  expect(names(take(1, 2))).toHaveLength(2)
  await clock.advance(1_000)
  expect(ctx.failed).toBeUndefined()
})

test('when the attempt has ended, then nothing is looked for, and late answers change nothing', async () => {
  const { ctx, clock, topic } = await running()
  topic.partitions = 3
  await clock.advance(1_000)
  const [assign] = ctx.takeAsked('assign')
  ctx.tell({ type: 'attempt-ended', attempt: attempt(1) })
  assign?.fail({ kind: 'timed-out' })
  await clock.advance(10_000)
  expect(ctx.asked).toEqual([])
})

test('when words about an attempt come again, then they are answered, and count once', async () => {
  const { ctx, clock, topic, take, restore, running: run } = await running()
  const ended = { type: 'attempt-ended', attempt: attempt(1) } as const
  expect(names(take(1))).toHaveLength(2)
  ctx.replies.length = 0
  run(1)
  topic.partitions = 3
  await clock.advance(1_000)
  expect(ctx.takeAsked('assign'), 'the checkpoint still holds them back').toEqual([])
  ctx.ask_(ended)
  run(1)
  ctx.ask_(ended)
  await clock.advance(5_000)
  expect(ctx.asked, 'it has ended').toEqual([])
  restore(2)
  run(2)
  ctx.ask_(ended)
  expect(ctx.replies).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'])
  await clock.advance(1_000)
  expect(ctx.takeAsked('assign'), 'of the second attempt').toHaveLength(1)
})

test('when looking for splits fails, then it is tried again; what cannot be cured fails the source', async () => {
  const { ctx, clock, topic } = await running()
  topic.failure = new Error('broker gone')
  await clock.advance(2_000)
  expect(ctx.asked).toEqual([])
  topic.failure = new RetakeError('RT1401', { what: 'topic deleted', why: 'x', fix: 'y' })
  await clock.advance(1_000)
  expect(ctx.takeAsked('source-failed'), 'asked until it is answered').toMatchObject([
    {
      to: 'job-master',
      question: { source: 'clicks', attempt: 1, error: { code: 'RT1401' } },
      options: LIMITS.controlAsk,
    },
  ])
})

test('when it stops, then its connections are closed', () => {
  const { coordinator, topic } = coordinate()
  coordinator.stop()
  expect(topic.closed).toBe(true)
})
