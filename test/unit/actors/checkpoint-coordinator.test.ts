import { expect, test } from 'vitest'
import {
  type AdoptedAttempt,
  type AppendAnswer,
  CheckpointCoordinator,
  type CheckpointCoordinatorMessage,
  type CheckpointedSubtask,
} from '#actors/checkpoint-coordinator.js'
import type { SourceCoordinatorMessage } from '#actors/source-coordinator.js'
import { finalRecordOf } from '#src/checkpoint/checkpoint-record.js'
import { manifestOf } from '#src/checkpoint/manifest.js'
import { decodeManifest } from '#src/checkpoint/manifest-codec.js'
import type { CheckpointOptions } from '#src/graph/job-plan.js'
import { errorInfoOf } from '#src/kit/errors.js'
import type { Epoch, SubtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { BlobName, Part, SubtaskSnapshot } from '#src/state/snapshot.js'
import {
  attempt,
  checkpoint,
  clickCount,
  MemoryBlobs,
  operatorId,
  part,
  piece,
  run,
  snapshot,
  split,
} from '../checkpoint/fixtures.js'
import { type Asked, FakeContext, refTo } from './fake-context.js'

const SUBTASKS = (['0-0', '0-1', '1-0', '1-1'] as const).map((id) => id as SubtaskId)
const SOURCE = operatorId('clicks')
const EPOCH = 4 as Epoch
const STATE = { source: SOURCE, splits: [split(0), split(1)] }

/** A coordinator alone, with hands that answer for job master, source coordinator and subtasks. */
function coordinate(policy: Partial<CheckpointOptions> = {}, others: readonly string[] = []) {
  const clock = new VirtualClock()
  const blobs = new MemoryBlobs()
  const coordinator = new CheckpointCoordinator({
    run,
    epoch: EPOCH,
    plan: clickCount(2, policy),
    blobs,
    jobMaster: refTo('job-master'),
    sources: new Map([
      [SOURCE, refTo('source')],
      ...others.map((id) => [operatorId(id), refTo<SourceCoordinatorMessage>(id)] as const),
    ]),
    usedTo: checkpoint(0),
    random: seededRandom(1),
    logger: silentLogger,
    wallTime: () => clock.wallTime(),
  })
  const ctx = new FakeContext<CheckpointCoordinatorMessage>(coordinator, clock)
  const subtasks: CheckpointedSubtask[] = SUBTASKS.map((id) => ({
    id,
    ref: refTo(id),
    source: id.startsWith('0') ? SOURCE : undefined,
  }))
  const hands = {
    clock,
    ctx,
    blobs,
    start(of = 1, retained: { checkpoint: number; manifest: Part }[] = []) {
      const list = retained.map((one) => ({
        ...one,
        checkpoint: checkpoint(one.checkpoint),
        attempt: attempt(of),
      }))
      ctx.ask_({ type: 'attempt-started', attempt: attempt(of), subtasks, retained: list })
    },
    running(of = 1) {
      ctx.ask_({ type: 'attempt-running', attempt: attempt(of), goesOn: of > 1 })
    },
    /** Its first attempt runs already, under another leader. */
    goesOn(adopted: Partial<AdoptedAttempt> = {}) {
      const found: AdoptedAttempt = { newest: undefined, final: undefined, ended: [], ...adopted }
      ctx.ask_({ type: 'attempt-running', attempt: attempt(1), goesOn: true, adopted: found })
    },
    /** Answers the appends that are open, as the log does. */
    log(answer: AppendAnswer = { kind: 'logged', entry: {} as never }): unknown[] {
      const appends = ctx.takeAsked('append')
      for (const append of appends) append.answer(answer)
      return appends.map(({ question }) => question['event'])
    },
    /** The source coordinator answers, then both sources accept: returns the id. */
    async trigger(): Promise<number> {
      const [take] = ctx.takeAsked('snapshot')
      take?.answer(STATE)
      const triggers = ctx.takeAsked('trigger')
      expect(triggers.map(({ to }) => to)).toEqual(['0-0', '0-1'])
      for (const trigger of triggers) trigger.answer('accepted')
      return triggers[0]?.question['checkpoint'] as number
    },
    acknowledge(
      id: number,
      subtask: SubtaskId,
      options: { of?: number; ended?: boolean; operators?: Parameters<typeof snapshot>[2] } = {},
    ) {
      const [v = 0, s = 0] = subtask.split('-').map(Number)
      const word: SubtaskSnapshot = snapshot(v, s, options.operators ?? [], options.ended ?? false)
      ctx.tell({
        type: 'acknowledged',
        checkpoint: checkpoint(id),
        subtask,
        attempt: attempt(options.of ?? 1),
        snapshot: word,
        timings: { alignmentMs: 0, captureMs: 0, uploadMs: 0 },
      })
    },
    async collect(
      id: number,
      options: { of?: number; ended?: boolean; operators?: Parameters<typeof snapshot>[2] } = {},
    ) {
      for (const subtask of SUBTASKS) hands.acknowledge(id, subtask, options)
      await clock.settle()
    },
    /** From trigger to log: one whole checkpoint. */
    async complete(options: Parameters<typeof this.collect>[1] = {}): Promise<number> {
      const id = await hands.trigger()
      await hands.collect(id, options)
      hands.log()
      return id
    },
    states: () => ctx.sentOf('checkpoint-changed').map(({ record }) => (record as { state: string }).state),
  }
  return hands
}

async function running(policy: Partial<CheckpointOptions> = {}, others: readonly string[] = []) {
  const hands = coordinate(policy, others)
  hands.start()
  expect(hands.log()).toEqual([{ type: 'reserved', to: 64 }])
  hands.running()
  return hands
}

const told = (asked: Asked[]) => asked.map(({ to, question }) => [to, question['checkpoint']])

test('when an interval has passed, then source coordinators are asked first, then sources, and the log decides', async () => {
  const { clock, ctx, blobs, trigger, collect, log } = await running()
  await clock.advance(9_999)
  expect(ctx.asked).toEqual([])
  await clock.advance(1)
  expect(ctx.asked.map(({ question }) => question.type)).toEqual(['snapshot'])
  expect(await trigger()).toBe(1)

  await collect(1)
  expect(ctx.takeAsked('complete'), 'before the decision nobody is told').toEqual([])
  const [append] = ctx.asked.filter(({ question }) => question.type === 'append')
  const event = append?.question['event'] as { manifest: Part }
  expect(event).toMatchObject({ type: 'completed', attempt: 1, checkpoint: 1 })
  const manifest = decodeManifest(await blobs.get(event.manifest), 'manifest')
  expect(manifest).toMatchObject({ run, checkpoint: 1, attempt: 1, sources: [STATE] })
  expect(manifest.subtasks).toHaveLength(4)

  log()
  expect(told(ctx.takeAsked('complete'))).toEqual(SUBTASKS.map((id) => [id, 1]))
  expect(ctx.sentOf('checkpoint-changed').map(({ record }) => record)).toMatchObject([
    { state: 'opening', checkpoint: 1 },
    { state: 'completed', checkpoint: 1, acknowledged: 4 },
  ])
})

test('when no id is reserved, then nothing opens, and a new block is asked for in time', async () => {
  const { clock, ctx, start, running, log } = coordinate()
  start()
  running()
  await clock.advance(30_000)
  expect(ctx.takeAsked('snapshot')).toEqual([])
  log()
  expect(ctx.takeAsked('snapshot').map(({ question }) => question['checkpoint'])).toEqual([1])
})

test('when the answer of the log is lost, then the same event is asked for again, and nothing is given up meanwhile', async () => {
  const { clock, ctx, trigger, collect, states } = await running()
  await clock.advance(10_000)
  await trigger()
  await collect(1)
  const [first] = ctx.takeAsked('append')
  first?.fail({ kind: 'timed-out' })
  await clock.advance(600_000)
  const [again] = ctx.takeAsked('append')
  expect(again?.question).toEqual(first?.question)
  again?.answer({ kind: 'logged', entry: {} })
  expect(states()).toEqual(['opening', 'completed', 'opening'])
})

test('when the log refuses, then the checkpoint is given up, and that is no failure', async () => {
  const { clock, ctx, trigger, collect, log, states } = await running()
  await clock.advance(10_000)
  await trigger()
  await collect(1)
  log({ kind: 'refused', reason: 'attempt 1 is not the current one, 2' })
  expect(states()).toEqual(['opening', 'failed'])
  expect(told(ctx.takeAsked('abort'))).toEqual(SUBTASKS.map((id) => [id, 1]))
  expect(ctx.takeAsked('checkpoints-failed')).toEqual([])
})

test('when a checkpoint expires, then everyone is told, barriers that wait are dropped with the next trigger', async () => {
  const { clock, ctx, trigger, acknowledge, states } = await running({
    timeoutMs: 5_000,
    tolerableFailures: 1,
  })
  await clock.advance(10_000)
  await trigger()
  acknowledge(1, '0-0' as SubtaskId)
  await clock.advance(5_000)
  expect(states()).toEqual(['opening', 'failed'])
  expect(told(ctx.takeAsked('abort'))).toEqual(SUBTASKS.map((id) => [id, 1]))
  expect(told(ctx.takeAsked('aborted'))).toEqual([['source', 1]])
  await clock.advance(5_000)
  const [take] = ctx.takeAsked('snapshot')
  take?.answer(STATE)
  expect(ctx.takeAsked('trigger').map(({ question }) => question)).toMatchObject([
    { checkpoint: 2, aborted: [1] },
    { checkpoint: 2, aborted: [1] },
  ])
})

test('when a source coordinator answers for a checkpoint that was given up, then its state is not that of the next one', async () => {
  const { clock, ctx } = await running({ timeoutMs: 10_000, tolerableFailures: 9 }, ['views'])
  await clock.advance(10_000)
  const first = ctx.takeAsked('snapshot')
  await clock.advance(10_000)
  const second = ctx.takeAsked('snapshot')
  expect([...first, ...second].map(({ to, question }) => [to, question['checkpoint']])).toEqual([
    ['source', 1],
    ['views', 1],
    ['source', 2],
    ['views', 2],
  ])
  const views = { source: operatorId('views'), splits: [] }
  first[1]?.answer({ ...views, splits: [split(0)] })
  second[0]?.answer(STATE)
  expect(ctx.takeAsked('trigger'), 'one has not answered for it').toEqual([])
  second[1]?.answer(views)
  expect(told(ctx.takeAsked('trigger'))).toEqual([
    ['0-0', 2],
    ['0-1', 2],
  ])
})

test('when an acknowledgement comes too late, then it changes nothing, is answered, and its blobs are swept', async () => {
  const { clock, ctx, blobs, trigger, acknowledge, complete, states } = await running({
    timeoutMs: 5_000,
    tolerableFailures: 1,
  })
  await clock.advance(10_000)
  await trigger()
  await clock.advance(5_000)
  const late = await blobs.put('run1/1/1/late' as BlobName, new Uint8Array(3))
  const operators = [{ operator: 'count', keyed: [{ firstGroup: 0, lastGroup: 1, part: late }] }]
  acknowledge(1, '1-0' as SubtaskId, { operators })
  expect(ctx.replies.at(-1)).toBe('ok')
  expect(states()).toEqual(['opening', 'failed'])
  await clock.advance(5_000)
  expect(blobs.blobs.has(late.blob)).toBe(true)
  await complete()
  await clock.settle()
  expect(blobs.blobs.has(late.blob)).toBe(false)
})

test('when more fail in a row than are tolerated, then the job master hears of it, once, with the cause', async () => {
  const { clock, ctx, trigger } = await running({ tolerableFailures: 0 })
  await clock.advance(10_000)
  await trigger()
  const reason = errorInfoOf(new Error('disk gone'))
  const word = {
    type: 'declined',
    checkpoint: checkpoint(1),
    subtask: SUBTASKS[2] as SubtaskId,
    attempt: attempt(1),
    reason,
  } as const
  ctx.tell(word)
  ctx.tell(word)
  const error = { code: 'RT1303', cause: { cause: { message: 'disk gone' } } }
  expect(ctx.takeAsked('checkpoints-failed'), 'asked until it is answered').toMatchObject([
    { to: 'job-master', question: { attempt: 1, error }, options: LIMITS.controlAsk },
  ])
  await clock.advance(100_000)
  expect(ctx.takeAsked('snapshot'), 'the attempt is over').toEqual([])
})

test('when the manifest cannot be stored, then the checkpoint fails with the reason', async () => {
  const { clock, ctx, blobs, trigger, collect } = await running({ tolerableFailures: 0 })
  await clock.advance(10_000)
  await trigger()
  blobs.failure = new Error('no space')
  await collect(1)
  expect(ctx.takeAsked('append')).toEqual([])
  expect(ctx.takeAsked('checkpoints-failed')).toMatchObject([
    { question: { error: { cause: { cause: { message: 'no space' } } } } },
  ])
})

test('when two may be under way, then the second opens while the first collects, and completing it covers the first', async () => {
  const { clock, ctx, trigger, collect, log } = await running({ maxConcurrent: 2 })
  await clock.advance(10_000)
  expect(await trigger()).toBe(1)
  await clock.advance(10_000)
  expect(await trigger()).toBe(2)
  await clock.advance(10_000)
  expect(ctx.takeAsked('snapshot'), 'two at most').toEqual([])
  await collect(2)
  log()
  expect(ctx.sentOf('checkpoint-changed').map(({ record }) => record)).toMatchObject([
    { checkpoint: 1, state: 'opening' },
    { checkpoint: 2, state: 'opening' },
    { checkpoint: 1, state: 'failed' },
    { checkpoint: 2, state: 'completed' },
    { checkpoint: 3, state: 'opening' },
  ])
  expect(told(ctx.takeAsked('aborted'))).toEqual([['source', 1]])
})

test('when a pause is asked for, then the next one opens that long after the end of the one before', async () => {
  const { clock, ctx, trigger, collect, log } = await running({ minPauseMs: 8_000, intervalMs: 1_000 })
  await clock.advance(1_000)
  expect(await trigger()).toBe(1)
  await clock.advance(4_000)
  await collect(1)
  log()
  await clock.advance(7_999)
  expect(ctx.takeAsked('snapshot')).toEqual([])
  await clock.advance(1)
  expect(ctx.takeAsked('snapshot')).toHaveLength(1)
})

test('when all barriers are out, then the source coordinator may assign again', async () => {
  const { clock, ctx, trigger } = await running()
  await clock.advance(10_000)
  await trigger()
  const emitted = (subtask: string) =>
    ctx.tell({
      type: 'barrier-emitted',
      checkpoint: checkpoint(1),
      subtask: subtask as SubtaskId,
      attempt: attempt(1),
    })
  emitted('0-0')
  emitted('0-0')
  expect(ctx.takeAsked('barriers-emitted')).toEqual([])
  emitted('0-1')
  expect(ctx.takeAsked('barriers-emitted').map(({ question }) => question)).toEqual([
    { type: 'barriers-emitted', attempt: 1, checkpoint: 1 },
  ])
})

test('when a source does not run, then the checkpoint is given up without counting', async () => {
  const { clock, ctx, states } = await running({ tolerableFailures: 0 })
  await clock.advance(10_000)
  ctx.takeAsked('snapshot')[0]?.answer(STATE)
  ctx.takeAsked('trigger')[0]?.answer('not-running')
  expect(states()).toEqual(['opening', 'failed'])
  expect(ctx.takeAsked('checkpoints-failed')).toEqual([])
})

test('when a notification is lost, then it is told again; but not once a newer one covers it', async () => {
  const { clock, ctx, complete } = await running()
  await clock.advance(10_000)
  await complete()
  const [lost] = ctx.takeAsked('complete')
  lost?.fail({ kind: 'timed-out' })
  const [again] = ctx.takeAsked('complete')
  expect(again).toMatchObject({ to: '0-0', question: { type: 'complete', checkpoint: 1, final: false } })
  await clock.advance(10_000)
  await complete()
  ctx.takeAsked('complete')
  again?.fail({ kind: 'timed-out' })
  expect(ctx.takeAsked('complete')).toEqual([])
})

test('when everything has ended, then a final checkpoint is taken, repeated until it succeeds, and the job master hears', async () => {
  const { clock, ctx, trigger, collect, log } = await running({ tolerableFailures: 3, timeoutMs: 2_000 })
  const ended = (subtask: SubtaskId) => ctx.tell({ type: 'ended', subtask, attempt: attempt(1) })
  for (const subtask of SUBTASKS) {
    expect(ctx.takeAsked('snapshot')).toEqual([])
    ended(subtask)
    ended(subtask)
  }
  expect(await trigger(), 'at once').toBe(1)
  await clock.advance(2_000)
  expect(ctx.sentOf('final-checkpoint-complete')).toEqual([])
  await clock.advance(8_000)
  expect(await trigger(), 'after an interval').toBe(2)
  await collect(2, { ended: true })
  log()
  expect(ctx.sentOf('final-checkpoint-complete')).toMatchObject([{ attempt: 1, checkpoint: 2 }])
  expect(ctx.takeAsked('complete').map(({ question }) => question['final'])).toEqual([true, true, true, true])
  await clock.advance(100_000)
  expect(ctx.takeAsked('snapshot')).toEqual([])
})

test('when a user asks for one, then it comes now, and the answer is its outcome', async () => {
  const { clock, ctx, complete } = await running()
  await clock.advance(10)
  ctx.ask_({ type: 'checkpoint-now' }, 77)
  ctx.ask_({ type: 'checkpoint-now' }, 77)
  await complete()
  expect(ctx.takeAsked('snapshot'), 'the question was repeated, and meant one').toEqual([])
  expect(ctx.replies.at(-1)).toMatchObject({ checkpoint: 1, cause: 'on-demand', state: 'completed' })
  ctx.ask_({ type: 'describe' })
  expect(ctx.replies.at(-1), 'nothing is pending').toEqual([])
})

test('when a user asks for one after the final one, then that one is the answer; but not for the next attempt', async () => {
  const { clock, ctx, start, running: run, complete } = await running()
  for (const subtask of SUBTASKS) ctx.tell({ type: 'ended', subtask, attempt: attempt(1) })
  await complete({ ended: true })
  ctx.ask_({ type: 'checkpoint-now' }, 77)
  expect(ctx.replies.at(-1)).toMatchObject({ checkpoint: 1, cause: 'final', state: 'completed' })
  start(2)
  run(2)
  await clock.advance(0)
  ctx.replies.length = 0
  ctx.ask_({ type: 'checkpoint-now' }, 78)
  expect(ctx.replies).toEqual([])
})

test('when words about an attempt come again, then they are answered, and count once', async () => {
  const { clock, ctx, start, running: run, trigger, states } = await running()
  await clock.advance(10_000)
  await trigger()
  ctx.replies.length = 0
  start(1)
  run(1)
  expect(ctx.replies).toEqual(['ok', 'ok'])
  expect(states()).toEqual(['opening'])
  const ended = { type: 'attempt-ended', attempt: attempt(1) } as const
  ctx.ask_(ended)
  start(2)
  run(2)
  await clock.advance(0)
  ctx.replies.length = 0
  ctx.ask_(ended)
  start(1)
  run(1)
  expect(ctx.replies).toEqual(['ok', 'ok', 'ok'])
  expect(await trigger(), 'of the second attempt').toBe(2)
  expect(states()).toEqual(['opening', 'failed', 'opening'])
})

test('when words of an attempt come before it is announced, then they are not answered: they come again', () => {
  const { ctx, start, running: run } = coordinate()
  const ended = { type: 'ended', subtask: '0-0' as SubtaskId, attempt: attempt(1) } as const
  run(1)
  ctx.ask_(ended)
  expect(ctx.replies).toEqual([])
  start(1)
  run(1)
  ctx.ask_(ended)
  expect(ctx.replies).toEqual(['ok', 'ok', 'ok'])
})

test('when an attempt has ended before it is announced, then it does not begin any more', async () => {
  const { clock, ctx, start, running: run, log } = coordinate()
  ctx.ask_({ type: 'attempt-ended', attempt: attempt(1) })
  start(1)
  run(1)
  expect(ctx.replies).toEqual(['ok', 'ok', 'ok'])
  log()
  await clock.advance(100_000)
  expect(ctx.takeAsked('snapshot')).toEqual([])
})

test('when an attempt ends, then its checkpoints are given up, and its words count for nothing in the next one', async () => {
  const { clock, ctx, start, running: run, trigger, collect, acknowledge, states } = await running()
  await clock.advance(10_000)
  await trigger()
  acknowledge(1, '0-0' as SubtaskId)
  ctx.tell({ type: 'attempt-ended', attempt: attempt(1) })
  expect(states()).toEqual(['opening', 'failed'])
  start(2)
  run(2)
  await clock.advance(0)
  expect(await trigger(), 'after a restart without waiting an interval; ids rise').toBe(2)
  await collect(2, { of: 1 })
  expect(ctx.takeAsked('append'), 'from zombies').toEqual([])
  await collect(2, { of: 2 })
  expect(ctx.takeAsked('append')).toHaveLength(1)
})

test('when the log says complete after the attempt has ended, then the checkpoint is retained and shown so, and nobody is told', async () => {
  for (const next of [undefined, 2]) {
    const { clock, ctx, start, trigger, collect, log, states } = await running({ retained: 1 })
    ctx.ask_({ type: 'checkpoint-now' }, 7)
    await trigger()
    await collect(1)
    ctx.tell({ type: 'attempt-ended', attempt: attempt(1) })
    if (next !== undefined) start(next)
    ctx.ask_({ type: 'describe' })
    expect(ctx.replies.at(-1)).toMatchObject([{ checkpoint: 1, state: 'deciding' }])
    log()
    expect(ctx.takeAsked('complete')).toEqual([])
    expect(ctx.takeAsked('append'), 'it is the newest one').toEqual([])
    expect(states()).toEqual(['opening', 'completed'])
    expect(ctx.replies.at(-1), 'for who asked for it').toMatchObject({ checkpoint: 1, state: 'completed' })
    ctx.ask_({ type: 'describe' })
    expect(ctx.replies.at(-1), 'nothing is pending').toEqual([])
    await clock.settle()
  }
})

test('when the log refuses after the attempt has ended, then the checkpoint failed, and the next attempt hears nothing', async () => {
  const { ctx, start, trigger, collect, log, states } = await running()
  ctx.ask_({ type: 'checkpoint-now' }, 7)
  await trigger()
  await collect(1)
  ctx.tell({ type: 'attempt-ended', attempt: attempt(1) })
  start(2)
  log({ kind: 'refused', reason: 'attempt 2 has started' })
  expect(states()).toEqual(['opening', 'failed'])
  expect(ctx.takeAsked('abort')).toEqual([])
})

test('when more are retained than asked for, then the log releases the oldest first, and only then its blobs go', async () => {
  const { clock, ctx, blobs, complete, log } = await running({ retained: 1 })
  const state = await blobs.put('run1/1/1/state' as BlobName, new Uint8Array(3))
  const staged = await blobs.put('run1/1/1/piece' as BlobName, new Uint8Array(3))
  const pieces = [{ ...piece(0, 1), part: staged }]
  await clock.advance(10_000)
  await complete({
    operators: [{ operator: 'count', keyed: [{ firstGroup: 0, lastGroup: 1, part: state }], pieces }],
  })
  await clock.advance(10_000)
  await complete({ operators: [{ operator: 'count', pieces }] })
  expect(blobs.blobs.has(state.blob), 'the log still names it').toBe(true)
  expect(log()).toEqual([{ type: 'released', checkpoints: [1] }])
  await clock.settle()
  expect(blobs.blobs.has(state.blob)).toBe(false)
  expect(blobs.blobs.has(staged.blob), 'checkpoint 2 names it').toBe(true)
  expect([...blobs.blobs.keys()].filter((name) => name.includes('manifest'))).toHaveLength(1)
  expect(ctx.takeAsked('append')).toEqual([])
})

test('when the log has not answered to a release, then the next one does not name the same checkpoints', async () => {
  const { clock, ctx, trigger, collect, log } = await running({ retained: 1 })
  const completed = async () => {
    await clock.advance(10_000)
    const id = await trigger()
    await collect(id)
    const [append] = ctx.takeAsked('append')
    append?.answer({ kind: 'logged', entry: {} })
    const asked = ctx.takeAsked('append')
    ctx.asked = []
    return asked
  }
  expect(await completed()).toEqual([])
  const [release] = await completed()
  expect(release?.question['event']).toEqual({ type: 'released', checkpoints: [1] })
  expect((await completed()).map(({ question }) => question['event'])).toEqual([
    { type: 'released', checkpoints: [2] },
  ])
  release?.answer({ kind: 'refused', reason: 'the place was taken' })
  expect((await completed()).map(({ question }) => question['event'])).toEqual([
    { type: 'released', checkpoints: [1, 3] },
  ])
  expect(log()).toEqual([])
})

test('when an attempt completes its first checkpoint, then what earlier ones left behind is swept', async () => {
  const hands = coordinate()
  const leftover = await hands.blobs.put('run1/1/1/zombie' as BlobName, new Uint8Array(3))
  hands.start(2)
  hands.log()
  hands.running(2)
  await hands.clock.settle()
  await hands.complete({ of: 2 })
  await hands.clock.settle()
  expect(hands.blobs.blobs.has(leftover.blob)).toBe(false)
})

test('when a retained manifest cannot be read, then no blob is deleted', async () => {
  const hands = coordinate({ retained: 1 })
  const leftover = await hands.blobs.put('run1/1/1/zombie' as BlobName, new Uint8Array(3))
  hands.start(2, [{ checkpoint: 5, manifest: part('run1/1/5/manifest') }])
  hands.log()
  hands.running(2)
  await hands.clock.settle()
  expect(await hands.complete({ of: 2 }), 'ids go on above it').toBe(6)
  hands.log()
  await hands.clock.settle()
  expect(hands.blobs.blobs.has(leftover.blob)).toBe(true)
})

test('when one source had ended and another had not, then the checkpoint is not final: all go on passing barriers', async () => {
  const { clock, ctx, trigger, acknowledge, log } = await running()
  ctx.tell({ type: 'ended', subtask: '0-0' as SubtaskId, attempt: attempt(1) })
  await clock.advance(10_000)
  await trigger()
  for (const subtask of SUBTASKS) acknowledge(1, subtask, { ended: subtask === SUBTASKS[0] })
  await clock.settle()
  log()
  expect(ctx.takeAsked('complete').map(({ question }) => question['final'])).toEqual([
    false,
    false,
    false,
    false,
  ])
  await clock.advance(10_000)
  expect(await trigger()).toBe(2)
})

test('when half a block of ids is used, then the next block is reserved, and no checkpoint waits for it', async () => {
  const { clock, ctx, trigger, collect, log } = await running()
  const reserved: unknown[] = []
  for (let id = 1; id <= 100; id++) {
    await clock.advance(10_000)
    expect(await trigger()).toBe(id)
    await collect(id)
    for (let events = log(); events.length > 0; events = log()) {
      reserved.push(...events.filter((event) => (event as { type: string }).type === 'reserved'))
    }
    ctx.asked = []
  }
  expect(reserved).toEqual([
    { type: 'reserved', to: 128 },
    { type: 'reserved', to: 192 },
  ])
})

test('when it tells subtasks anything, then under the epoch of its leader', async () => {
  const { clock, ctx, trigger, collect, log } = await running({ timeoutMs: 5_000, tolerableFailures: 1 })
  await clock.advance(10_000)
  ctx.takeAsked('snapshot')[0]?.answer(STATE)
  const words = ctx.takeAsked('trigger')
  await clock.advance(5_000)
  words.push(...ctx.takeAsked('abort'))
  await clock.advance(5_000)
  expect(await trigger()).toBe(2)
  await collect(2)
  log()
  words.push(...ctx.takeAsked('complete'))
  expect(words).toHaveLength(2 + 4 + 4)
  expect(new Set(words.map(({ question }) => question['epoch']))).toEqual(new Set([EPOCH]))
})

test('when an attempt goes on that ran under another leader, then its first checkpoint waits for no interval', async () => {
  const { clock, ctx, start, log, goesOn } = coordinate()
  start()
  log()
  goesOn()
  await clock.settle()
  expect(ctx.takeAsked('snapshot').map(({ question }) => question['checkpoint'])).toEqual([1])
})

test('when an attempt goes on, then its newest checkpoint is told again, to all, until each has heard or a newer one is told', async () => {
  const { ctx, start, log, goesOn, trigger, collect } = coordinate()
  start(1, [{ checkpoint: 70, manifest: part('run1/1/70/manifest') }])
  log()
  goesOn({ newest: checkpoint(70) })
  const words = ctx.takeAsked('complete')
  expect(words.map(({ to, question }) => [to, question])).toEqual(
    SUBTASKS.map((id) => [id, { type: 'complete', epoch: EPOCH, checkpoint: 70, final: false }]),
  )
  words[0]?.fail({ kind: 'timed-out' })
  expect(told(ctx.takeAsked('complete'))).toEqual([['0-0', 70]])
  const id = await trigger()
  expect(id, 'the log may know of ids that this one has not reserved').toBeGreaterThan(70)
  await collect(id)
  log()
  expect(told(ctx.takeAsked('complete'))).toEqual(SUBTASKS.map((subtask) => [subtask, id]))
  words[1]?.fail({ kind: 'timed-out' })
  expect(ctx.takeAsked('complete')).toEqual([])
})

test('when nothing has been completed in an attempt that goes on, then nothing is told', () => {
  const { ctx, start, log, goesOn } = coordinate()
  start()
  log()
  goesOn()
  expect(ctx.takeAsked('complete')).toEqual([])
})

test('when all of an attempt that goes on have ended, then the final checkpoint opens at once', async () => {
  const { ctx, start, log, goesOn, complete } = coordinate({ intervalMs: 0 })
  start()
  log()
  goesOn({ ended: SUBTASKS })
  expect(await complete({ ended: true })).toBe(1)
  expect(ctx.sentOf('checkpoint-changed')[0]).toMatchObject({ record: { cause: 'final' } })
  expect(ctx.takeAsked('complete').map(({ question }) => question['final'])).toEqual([true, true, true, true])
  expect(ctx.sentOf('final-checkpoint-complete')).toMatchObject([{ attempt: 1, checkpoint: 1 }])
})

test('when some had ended before and the rest end since, then the final checkpoint opens', async () => {
  const { ctx, start, log, goesOn } = coordinate({ intervalMs: 0 })
  start()
  log()
  goesOn({ ended: SUBTASKS.slice(1) })
  expect(ctx.takeAsked('snapshot')).toEqual([])
  ctx.tell({ type: 'ended', subtask: SUBTASKS[0] as SubtaskId, attempt: attempt(1) })
  expect(ctx.takeAsked('snapshot')).toHaveLength(1)
})

test('when the final checkpoint of an attempt that goes on is complete, then that is told again, none opens, and it is the answer', async () => {
  const { clock, ctx, start, log, goesOn } = coordinate()
  ctx.ask_({ type: 'checkpoint-now' }, 7)
  start(1, [{ checkpoint: 70, manifest: part('run1/1/70/manifest') }])
  log()
  const head = { run, plan: clickCount(), attempt: attempt(1), triggeredAt: 1_000, completedAt: 1_500 }
  const snapshots = [snapshot(0, 0, [], true), snapshot(1, 0, [], true)]
  const final = finalRecordOf(manifestOf({ ...head, checkpoint: checkpoint(70) }, [], snapshots))
  goesOn({ newest: checkpoint(70), final, ended: SUBTASKS })
  expect(
    ctx.takeAsked('complete').map(({ question }) => [question['checkpoint'], question['final']]),
  ).toEqual(SUBTASKS.map(() => [70, true]))
  expect(ctx.replies.at(-1), 'to whoever has asked').toMatchObject({ checkpoint: 70, state: 'completed' })
  ctx.ask_({ type: 'checkpoint-now' }, 8)
  expect(ctx.replies.at(-1)).toMatchObject({
    checkpoint: 70,
    cause: 'final',
    durationMs: 500,
    acknowledged: 2,
  })
  await clock.advance(100_000)
  expect(ctx.takeAsked('snapshot')).toEqual([])
})

test('when a subtask stores a snapshot for whoever led before, then its blobs stay until a newer one does without them', async () => {
  const { clock, ctx, blobs, start, log, goesOn, acknowledge, complete } = coordinate()
  start()
  log()
  goesOn()
  const late = await blobs.put('run1/1/0/late' as BlobName, new Uint8Array(3))
  const staged = await blobs.put('run1/1/0/piece' as BlobName, new Uint8Array(3))
  const keyed = [{ firstGroup: 0, lastGroup: 1, part: late }]
  const pieces = [{ ...piece(0, 1), part: staged }]
  acknowledge(0, '1-0' as SubtaskId, { operators: [{ operator: 'count', keyed, pieces }] })
  await clock.settle()
  expect([late, staged].map(({ blob }) => blobs.blobs.has(blob))).toEqual([true, true])
  await complete({ operators: [{ operator: 'count', pieces }] })
  await clock.settle()
  expect([late, staged].map(({ blob }) => blobs.blobs.has(blob))).toEqual([false, true])
  expect(ctx.failed).toBeUndefined()
})
