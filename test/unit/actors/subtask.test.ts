import { expect, test } from 'vitest'
import type { Direction } from '#actors/direction.js'
import { Subtask, type SubtaskMessage } from '#actors/subtask.js'
import type { SubtaskDeployment } from '#actors/subtask-deployment.js'
import type { SubtaskStanding } from '#actors/subtask-message.js'
import type { Address } from '#src/actor/actor.js'
import type { Attempt, ChannelIndex, CheckpointId, Epoch, SubtaskIndex, VertexIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { Chain } from '#src/operator/chain.js'
import type { Element, Frame } from '#src/record/element.js'
import type { SplitPosition, SubtaskSnapshot } from '#src/state/snapshot.js'
import { snapshot, split } from '../checkpoint/fixtures.js'
import { FakeContext, refTo } from './fake-context.js'

const ATTEMPT = 3 as Attempt
const SETTLED = 64 as CheckpointId
const id = (checkpoint: number) => checkpoint as CheckpointId

const direction = (epoch: number): Direction => ({
  epoch: epoch as Epoch,
  jobMaster: refTo(`job-master-${epoch}`),
  coordinator: refTo(`coordinator-${epoch}`),
})

/** Something that takes until the test says so. */
class Gate {
  open!: () => void
  readonly passed = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

/** In the place of a chain: the test says what it polls, and when it opens, encodes, uploads, drains and closes. */
class FakeChain {
  readonly isSource: boolean
  readonly calls: string[] = []
  splits: SplitPosition[] = []
  polls: ('more' | 'idle' | 'end')[] = []
  isEncoded = true
  onSlice = () => {}
  room: Promise<void> | undefined
  readonly opened = new Gate()
  readonly uploaded = new Gate()
  readonly drained = new Gate()
  readonly closed = new Gate()
  readonly recordsPolled = 0

  constructor(isSource: boolean) {
    this.isSource = isSource
  }

  open = () => this.opened.passed
  drain = () => this.drained.passed
  close = () => this.closed.passed
  addSplits = (splits: readonly SplitPosition[]) => void this.splits.push(...splits)
  positions = () => this.splits
  poll = () => this.polls.shift() ?? 'idle'
  isReady = () => true
  timerAt: number | undefined
  nextTimerAt = () => this.timerAt
  fireTimers = (wallTime: number) => {
    this.calls.push(`fire at ${wallTime}`)
    this.timerAt = undefined
    return false
  }
  process = (records: readonly unknown[]) => void this.calls.push(`process ${records}`)
  finish = () => void this.calls.push('finish')
  onCheckpointComplete = (checkpoint: CheckpointId) => void this.calls.push(`complete ${checkpoint}`)

  capture(checkpoint: CheckpointId) {
    this.calls.push(`capture ${checkpoint}`)
    return {
      slice: () => {
        this.onSlice()
        return this.isEncoded
      },
      room: () => this.room,
      abandon: () => void this.calls.push(`abandon ${checkpoint}`),
      upload: async (): Promise<SubtaskSnapshot> => {
        await this.uploaded.passed
        return snapshot(0, 0)
      },
    }
  }
}

/** A subtask alone: a source with one receiver, or one between two senders and a receiver. */
function stage(kind: 'source' | 'inner') {
  const clock = new VirtualClock()
  const chain = new FakeChain(kind === 'source')
  const senders = kind === 'source' ? [] : ['sender-0', 'sender-1']
  const deployment = {
    attempt: ATTEMPT,
    vertex: 0 as VertexIndex,
    subtask: 0 as SubtaskIndex,
    inputs: senders.map((sender) => ({ sender: sender as Address, outputChannel: 0 as ChannelIndex })),
    outputs: [{ edge: 0, channels: [{ receiver: 'receiver' as Address, inputChannel: 0 as ChannelIndex }] }],
    splits: kind === 'source' ? [split(0), split(1)] : [],
    allSplitsKnown: true,
    direction: direction(1),
  } as object as SubtaskDeployment
  const subtask = new Subtask({
    name: 'clicks',
    deployment,
    mode: 'exactly-once',
    maxConcurrent: 1,
    bufferTimeoutMs: LIMITS.bufferTimeoutMs,
    edges: [{ partitioner: { kind: 'forward' }, maxParallelism: 128 }],
    chainOf: () => chain as object as Chain,
    blobsOf: () => ({
      put: () => Promise.reject(new Error('nothing is stored here')),
      delete: async () => {},
    }),
    recordsSkipped: () => 0,
    now: () => clock.now(),
    wallTime: () => clock.wallTime(),
  })
  const ctx = new FakeContext<SubtaskMessage>(subtask, clock)
  const grant = (frames: number) => {
    const credit = { frames, bytes: 1_000_000, received: 0 }
    ctx.tell({
      type: 'grant',
      frame: { kind: 'grant', channel: 0 as ChannelIndex, attempt: ATTEMPT, ...credit },
    })
  }
  const sequences = [0, 0]
  const asked = (type: string) => ctx.takeAsked(type).map(({ to }) => to)
  const ask = <T>(message: SubtaskMessage): T => {
    const before = ctx.replies.length
    ctx.ask_(message)
    return ctx.replies[before] as T
  }
  /** Turns of its data lane, until it has no more to do. */
  const work = async (turns = Number.POSITIVE_INFINITY) => {
    for (let turn = 0; turn < turns && subtask.isReady(); turn++) subtask.turn()
    await clock.settle()
  }
  const to = async (phase: 'opening' | 'connecting' | 'running' | 'ended' | 'draining' | 'finished') => {
    if (phase === 'opening') return
    chain.opened.open()
    await clock.settle()
    if (phase === 'connecting') return
    grant(100)
    if (phase === 'running') return
    if (kind === 'source') chain.polls.push('end')
    else for (const sender of [0, 1]) deliver(sender, { kind: 'end-of-input' })
    await work()
    if (phase === 'ended') return
    ask({ type: 'complete', epoch: 1 as Epoch, checkpoint: id(9), final: true })
    if (phase === 'draining') return
    chain.drained.open()
    await clock.settle()
  }
  const deliver = (channel: number, element: Element) => {
    const sequence = ++sequences[channel]!
    const frame = {
      kind: 'element',
      channel: channel as ChannelIndex,
      attempt: ATTEMPT,
      sequence,
      bytes: 9,
      element,
    }
    subtask.deliver(frame as Frame)
  }
  return {
    clock,
    chain,
    ctx,
    grant,
    deliver,
    asked,
    ask,
    work,
    to,
    adopt: (epoch: number, settled = SETTLED) =>
      ask<SubtaskStanding | undefined>({ type: 'adopt', direction: direction(epoch), settled }),
    /** Barriers that went to its receiver. */
    barriers: () =>
      ctx.frames.splice(0).flatMap(({ frame }) => {
        const { kind, element } = frame as Frame & { element?: Element }
        return kind === 'element' && element?.kind === 'barrier' ? element.checkpoint : []
      }),
  }
}

const trigger = (epoch: number, checkpoint: number): SubtaskMessage => ({
  type: 'trigger',
  epoch: epoch as Epoch,
  checkpoint: id(checkpoint),
  aborted: [],
})
const barrier = (checkpoint: number): Element => ({
  kind: 'barrier',
  checkpoint: id(checkpoint),
  aborted: [],
})

test('when it is adopted, then it tells how it stands, wherever it is in its life', async () => {
  const at = { subtask: '0-0', ended: false, final: false, splits: [split(0), split(1)] }
  const stands = [
    ['opening', { ...at, state: 'INITIALIZING' }],
    ['connecting', { ...at, state: 'INITIALIZING' }],
    ['running', { ...at, state: 'RUNNING' }],
    ['ended', { ...at, state: 'RUNNING', ended: true }],
    ['draining', { ...at, state: 'RUNNING', ended: true, final: true }],
    ['finished', { ...at, state: 'FINISHED', ended: true, final: true, splits: [] }],
  ] as const
  for (const [phase, standing] of stands) {
    const { to, adopt } = stage('source')
    await to(phase)
    expect(adopt(2), phase).toEqual(standing)
    expect(adopt(2), 'asked again').toEqual(standing)
  }
})

test('when splits were handed to it since it was deployed, then it tells of them, from where they stand', async () => {
  const { chain, ask, to, adopt } = stage('source')
  await to('running')
  ask({ type: 'assign', epoch: 1 as Epoch, splits: [split(2)] })
  chain.splits = chain.splits.map((one) => ({ ...one, position: 7 }))
  expect(adopt(2)?.state).toBe('RUNNING')
  expect(adopt(2)).toMatchObject({ splits: [0, 1, 2].map((owner) => split(owner, 7)) })
})

test('when it is no source, then it has no splits', async () => {
  const { to, adopt } = stage('inner')
  await to('running')
  expect(adopt(2)).toMatchObject({ state: 'RUNNING', splits: [] })
})

test('when a leader that was replaced speaks, then it is answered, and nothing changes', async () => {
  const { chain, ask, work, to, adopt, barriers } = stage('source')
  await to('running')
  adopt(2)
  expect(ask(trigger(1, 65))).not.toBe('accepted')
  expect(ask({ type: 'assign', epoch: 1 as Epoch, splits: [split(2)] })).toBe('ok')
  expect(ask(trigger(2, 66))).toBe('accepted')
  chain.isEncoded = false
  expect(ask(trigger(2, 67))).toBe('accepted')
  expect(ask({ type: 'abort', epoch: 1 as Epoch, checkpoint: id(67) })).toBe('ok')
  expect(ask({ type: 'complete', epoch: 1 as Epoch, checkpoint: id(66), final: true })).toBe('ok')
  expect(chain.calls).toEqual(['capture 66', 'capture 67'])
  expect(chain.splits).toHaveLength(2)
  expect(barriers()).toEqual([66, 67])
  chain.isEncoded = true
  await work()
})

test('when a leader that was replaced adopts it, then it gets no answer, and its words go where they went', async () => {
  const { ask, asked, to, adopt } = stage('source')
  await to('running')
  adopt(3)
  expect(adopt(2)).toBeUndefined()
  ask(trigger(3, 65))
  expect(asked('barrier-emitted')).toEqual(['coordinator-3'])
})

test('when it is adopted before it runs, then the new leader hears that it does', async () => {
  const { asked, grant, to, adopt } = stage('inner')
  await to('connecting')
  adopt(2)
  grant(100)
  expect(asked('subtask-changed')).toEqual(['job-master-2'])
})

test('when it is adopted, then all that it tells from then on goes to the new leader', async () => {
  const { clock, chain, ctx, ask, asked, work, to, adopt } = stage('source')
  await to('running')
  asked('subtask-changed')
  adopt(2)
  ask(trigger(2, 65))
  await work()
  chain.uploaded.open()
  await clock.settle()
  expect(['barrier-emitted', 'acknowledged'].flatMap(asked)).toEqual(['coordinator-2', 'coordinator-2'])
  ctx.sent.length = 0
  await clock.advance(LIMITS.reportMs)
  expect(ctx.sent.filter(({ message }) => message.type === 'metrics').map(({ to }) => to)).toEqual([
    'job-master-2',
  ])
})

test('when it is adopted, then the end of its input is told to the new leader', async () => {
  const { asked, deliver, work, to, adopt } = stage('inner')
  await to('running')
  adopt(2)
  for (const channel of [0, 1]) deliver(channel, { kind: 'end-of-input' })
  await work()
  expect(asked('ended')).toEqual(['coordinator-2'])
})

test('when a barrier waits for others as it is adopted, then nothing waits, and barriers of before are not passed on', async () => {
  const { chain, deliver, work, to, adopt, barriers } = stage('inner')
  await to('running')
  deliver(0, barrier(7))
  deliver(0, { kind: 'records', records: ['behind'] })
  await work()
  expect(chain.calls).toEqual([])
  adopt(2)
  await work()
  expect(chain.calls).toEqual(['process behind'])
  deliver(1, barrier(7))
  for (const channel of [0, 1]) deliver(channel, barrier(SETTLED))
  await work()
  expect([chain.calls.length, barriers()]).toEqual([1, []])
  for (const channel of [0, 1]) deliver(channel, barrier(SETTLED + 1))
  await work()
  expect(barriers()).toEqual([SETTLED + 1])
})

test('when barriers of before wait for credit as it is adopted, then they do not go', async () => {
  const { ask, chain, grant, to, adopt, barriers } = stage('source')
  await to('connecting')
  grant(1)
  // The receiver has room for one barrier beside what it grants.
  for (const checkpoint of [5, 6, 7, 8, 9]) ask(trigger(1, checkpoint))
  const gone = barriers()
  expect(gone.length).toBeLessThan(5)
  adopt(2)
  ask(trigger(2, SETTLED + 1))
  grant(100)
  expect(barriers()).toEqual([SETTLED + 1])
  expect(chain.calls).toHaveLength(5 + 1 + 5)
})

test('when a snapshot of before is not encoded as it is adopted, then it is abandoned; one that is goes on, to the new leader', async () => {
  const { clock, chain, ctx, ask, asked, work, to, adopt } = stage('source')
  await to('running')
  ask(trigger(1, 7))
  await work()
  chain.isEncoded = false
  ask(trigger(1, SETTLED))
  adopt(2)
  expect(chain.calls).toEqual(['capture 7', `capture ${SETTLED}`, `abandon ${SETTLED}`])
  chain.isEncoded = true
  await work()
  chain.uploaded.open()
  await clock.settle()
  expect(ctx.asked.filter(({ question }) => question.type === 'acknowledged')).toMatchObject([
    { to: 'coordinator-2', question: { checkpoint: 7 } },
  ])
  expect(asked('declined')).toEqual([])
})

test('when the same leader adopts it again, then its own checkpoints go on', async () => {
  const { chain, deliver, work, to, adopt, barriers } = stage('inner')
  await to('running')
  adopt(2)
  chain.isEncoded = false
  for (const channel of [0, 1]) deliver(channel, barrier(SETTLED + 1))
  deliver(0, barrier(SETTLED + 2))
  deliver(0, { kind: 'records', records: ['behind'] })
  await work(9)
  adopt(2)
  await work(9)
  expect(chain.calls).toEqual([`capture ${SETTLED + 1}`])
  expect(barriers()).toEqual([SETTLED + 1])
})

test('when it has finished, then it tells so until somebody has heard it, whoever directs by then, and only then ends', async () => {
  const { clock, chain, ctx, to, adopt } = stage('source')
  await to('finished')
  ctx.takeAsked('subtask-changed')
  chain.closed.open()
  await clock.settle()
  const [first] = ctx.takeAsked('subtask-changed')
  expect(first).toMatchObject({
    to: 'job-master-1',
    question: { state: 'FINISHED' },
    options: LIMITS.controlAsk,
  })
  first?.fail({ kind: 'no-responder' })
  expect(ctx.hasExited).toBe(false)
  adopt(2)
  const [second] = ctx.takeAsked('subtask-changed')
  second?.fail({ kind: 'timed-out' })
  const [third] = ctx.takeAsked('subtask-changed')
  expect([second?.to, third?.to]).toEqual(['job-master-1', 'job-master-2'])
  third?.answer('ok')
  expect(ctx.hasExited).toBe(true)
})

test('when it has finished and is canceled, then it ends, heard or not', async () => {
  const { ctx, to } = stage('source')
  await to('finished')
  ctx.tell({ type: 'cancel' })
  expect(ctx.hasExited).toBe(true)
})

test('when it is canceled, then it ends when its chain is closed, and has not finished', async () => {
  const { clock, chain, ctx, asked, to } = stage('source')
  await to('running')
  asked('subtask-changed')
  ctx.tell({ type: 'cancel' })
  expect(ctx.hasExited).toBe(false)
  chain.closed.open()
  await clock.settle()
  expect([ctx.hasExited, asked('subtask-changed')]).toEqual([true, []])
})

test('when a slice of a snapshot has taken its time, then input that waits has as much', async () => {
  const { clock, chain, ctx, ask, work, to } = stage('source')
  await to('running')
  let spentMs = 0
  Object.assign(ctx, { now: () => clock.now() + spentMs })
  const turns: string[] = []
  const turn = (name: string, takesMs: number) => {
    turns.push(name)
    spentMs += takesMs
  }
  chain.isEncoded = false
  chain.onSlice = () => turn('slice', 10)
  chain.poll = () => {
    turn('poll', 3)
    return 'more'
  }
  ask(trigger(1, 65))
  await work(11)
  expect(turns.join(' ')).toBe('slice poll poll poll poll slice poll poll poll poll slice')
})

test('when the store of a snapshot is behind, then no slice comes before it has room, and input goes on', async () => {
  const { clock, chain, ask, work, to } = stage('source')
  await to('running')
  const turns: string[] = []
  chain.isEncoded = false
  chain.onSlice = () => void turns.push('slice')
  chain.polls = ['more', 'more', 'idle']
  const poll = chain.poll
  chain.poll = () => {
    turns.push('poll')
    return poll()
  }
  const room = new Gate()
  chain.room = room.passed
  ask(trigger(1, 65))
  await work()
  expect(turns.join(' ')).toBe('slice poll poll poll')
  chain.room = undefined
  room.open()
  await clock.settle()
  await work(1)
  expect(turns.at(-1)).toBe('slice')
})

test('when what a source has polled is held back, then it goes when it is due', async () => {
  const { clock, chain, work, to } = stage('source')
  await to('running')
  const startedAt = clock.wallTime()
  chain.polls.push('more')
  chain.timerAt = startedAt + 20
  await work()
  await clock.advance(19)
  await work()
  expect(chain.calls).toEqual([])
  await clock.advance(1)
  await work()
  expect(chain.calls).toEqual([`fire at ${startedAt + 20}`])
})
