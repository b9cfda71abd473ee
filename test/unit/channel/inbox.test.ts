import { expect, test, vi } from 'vitest'
import { Inbox, type InboxEvent, type InboxOptions } from '#src/channel/inbox.js'
import { InputChannel } from '#src/channel/input-channel.js'
import type { Attempt, ChannelIndex, CheckpointId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Element, Frame } from '#src/record/element.js'
import { encodeFrame } from '#src/record/frame-codec.js'

const attempt = 2 as Attempt

/** An inbox, and what its senders would do: number their frames and hear its grants. */
function inboxOf(channels: number, options: Partial<InboxOptions> = {}) {
  const grants: (Frame & { kind: 'grant' })[] = []
  const sent = new Array<number>(channels).fill(0)
  const inbox = new Inbox({
    attempt,
    channels: Array.from({ length: channels }, (_, i) => ({ outputIndex: (100 + i) as ChannelIndex })),
    mode: 'exactly-once',
    where: '1-0',
    grant: (_, frame) => grants.push(frame as Frame & { kind: 'grant' }),
    ...options,
  })
  const frameOf = (channel: number, element: Element, bytes = 100): Frame => {
    sent[channel]! += 1
    return {
      kind: 'element',
      channel: channel as ChannelIndex,
      attempt,
      sequence: sent[channel]!,
      bytes,
      element,
    }
  }
  return {
    inbox,
    grants,
    frameOf,
    deliver: (channel: number, ...elements: Element[]) => {
      for (const element of elements) inbox.deliver(frameOf(channel, element))
    },
    /** All that can be read now; records by themselves, as they were put in. */
    drain: () => {
      const events: unknown[] = []
      for (let event = inbox.next(); event !== undefined; event = inbox.next())
        events.push(...readable(event))
      return events
    },
  }
}

function readable(event: InboxEvent): unknown[] {
  return event.kind === 'records' ? event.records.map((value) => record(value)) : [event]
}

const record = (value: unknown): Element => ({ kind: 'records', records: [value] })
const end: Element = { kind: 'end-of-input' }
const ended = { kind: 'ended' }
const id = (checkpoint: number) => checkpoint as CheckpointId
const barrier = (checkpoint: number, ...aborted: number[]): Element => ({
  kind: 'barrier',
  checkpoint: id(checkpoint),
  aborted: aborted.map(id),
})
const aligned = barrier

test('when one of two channels has delivered its barrier, then its later records wait', () => {
  const { deliver, drain } = inboxOf(2)
  deliver(0, barrier(7), record('late'))
  deliver(1, record('early'))

  expect(drain()).toEqual([record('early')])

  deliver(1, barrier(7))
  expect(drain()).toEqual([aligned(7), record('late')])
})

test('when barriers are only counted, then later records do not wait', () => {
  const { deliver, drain } = inboxOf(2, { mode: 'at-least-once' })
  deliver(0, barrier(7), record('late'))
  deliver(1, record('early'))

  expect(drain()).toEqual([record('early'), record('late')])

  deliver(1, barrier(7))
  expect(drain()).toEqual([aligned(7)])
})

test('when channels have much to say, then each has its turn', () => {
  const { deliver, drain } = inboxOf(3)
  deliver(0, record('a1'), record('a2'), record('a3'))
  deliver(2, record('c1'), record('c2'))
  expect(drain()).toEqual(['a1', 'c1', 'a2', 'c2', 'a3'].map(record))
})

test('when a channel has ended, then alignment still waits for its barrier', () => {
  const { deliver, drain } = inboxOf(2)
  deliver(0, end)
  deliver(1, barrier(7), record('behind'))
  expect(drain()).toEqual([])
  deliver(0, barrier(7))
  expect(drain()).toEqual([aligned(7), record('behind')])
})

test('when all channels have ended, then that is told once, and barriers still pass', () => {
  const { deliver, drain } = inboxOf(2)
  deliver(0, record('last'), end)
  expect(drain()).toEqual([record('last')])
  deliver(1, end, barrier(8))
  deliver(0, barrier(8))
  expect(drain()).toEqual([ended, aligned(8)])
})

test('when the coordinator gives up a checkpoint, then what it blocked goes on', () => {
  const { inbox, deliver, drain } = inboxOf(2)
  deliver(0, barrier(7), record('behind'))
  expect(drain()).toEqual([])
  inbox.abort(id(7))
  expect(inbox.isReady()).toBe(true)
  expect(drain()).toEqual([record('behind')])
  deliver(1, barrier(7))
  expect(drain()).toEqual([])
})

test('when a barrier says that another checkpoint is given up, then what that one blocked goes on', () => {
  const { deliver, drain } = inboxOf(3)
  deliver(0, barrier(7), record('behind'))
  deliver(1, barrier(8, 7))
  expect(drain()).toEqual([record('behind')])
  deliver(0, barrier(8, 7))
  deliver(2, barrier(7), barrier(8, 7))
  expect(drain()).toEqual([aligned(8, 7)])
})

test('when a barrier says that another checkpoint is given up, then that one is no longer counted', () => {
  const { deliver, drain } = inboxOf(2, { mode: 'at-least-once' })
  deliver(0, barrier(7), barrier(8, 7))
  expect(drain()).toEqual([])
  deliver(1, barrier(7), barrier(8, 7))
  expect(drain()).toEqual([aligned(8, 7)])
})

for (const mode of ['exactly-once', 'at-least-once'] as const) {
  test(`when all up to a checkpoint are decided (${mode}), then nothing waits for their barriers, and none is passed on`, () => {
    const { inbox, deliver, drain } = inboxOf(2, { mode })
    deliver(0, barrier(7))
    expect(drain()).toEqual([])
    deliver(0, record('behind'))
    inbox.settle(id(8))
    expect(drain()).toEqual([record('behind')])
    deliver(0, barrier(8))
    deliver(1, barrier(7), barrier(8), record('x'))
    expect(drain()).toEqual([record('x')])
    deliver(0, barrier(9))
    deliver(1, barrier(9))
    expect(drain()).toEqual([aligned(9)])
  })
}

test('when nothing can be read, then it is not ready', () => {
  const { inbox, deliver, drain } = inboxOf(2)
  expect(inbox.isReady()).toBe(false)
  deliver(0, barrier(7), record('behind'))
  drain()
  expect(inbox.isReady()).toBe(false)
  deliver(1, record('x'))
  expect(inbox.isReady()).toBe(true)
})

test('when a frame is missing, then the next read says which channel lost it', () => {
  const { inbox, frameOf } = inboxOf(2)
  frameOf(1, record('lost'))
  expect(() => inbox.deliver(frameOf(1, record('found')))).not.toThrow()
  expect(inbox.isReady()).toBe(true)
  expect(() => inbox.next()).toThrow(expect.objectContaining({ code: 'RT1520', where: 'input 1 of 1-0' }))
})

test('when a beacon knows of more than has come, then the channel has lost its tail', () => {
  const { inbox, deliver, drain } = inboxOf(1)
  deliver(0, record('a'))
  const beacon = { kind: 'beacon', channel: 0 as ChannelIndex, attempt } as const
  inbox.deliver({ ...beacon, lastSequence: 1 })
  expect(drain()).toEqual([record('a')])
  inbox.deliver({ ...beacon, lastSequence: 2 })
  expect(() => inbox.next()).toThrow(expect.objectContaining({ code: 'RT1520' }))
})

test('when a frame comes twice, then it is read once and counted', () => {
  const { inbox, frameOf, drain } = inboxOf(1)
  const frame = frameOf(0, record('a'))
  inbox.deliver(frame)
  inbox.deliver(frame)
  expect(drain()).toEqual([record('a')])
  expect(inbox.counters).toMatchObject({ repeated: 1, framesIn: 1, recordsIn: 1, bytesIn: 100 })
})

test('when a frame is of another attempt, then it is dropped and counted', () => {
  const { inbox, grants, frameOf, drain } = inboxOf(1)
  inbox.deliver({ ...frameOf(0, record('old')), attempt: 1 as Attempt } as Frame)
  inbox.deliver({ kind: 'hello', channel: 0 as ChannelIndex, attempt: 1 as Attempt })
  expect(drain()).toEqual([])
  expect(inbox.counters.foreign).toBe(2)
  expect(grants).toEqual([])
})

test('when bytes are damaged, then the next read says so', () => {
  const { inbox, frameOf } = inboxOf(1)
  const bytes = encodeFrame(frameOf(0, record('a')), { checksum: true })
  bytes[37]! ^= 1
  inbox.deliver(bytes)
  expect(() => inbox.next()).toThrow(expect.objectContaining({ code: 'RT1521' }))
})

test('when frames come as bytes, then they are read as objects would be', () => {
  const { inbox, frameOf, drain } = inboxOf(2)
  for (const element of [record({ a: 1 }), barrier(7, 6), record('behind'), end]) {
    inbox.deliver(encodeFrame(frameOf(0, element)))
  }
  inbox.deliver(encodeFrame(frameOf(1, barrier(7, 6))))
  expect(drain()).toEqual([record({ a: 1 }), aligned(7, 6), record('behind')])
})

test('when a sender says hello, then it hears its window, under its own number', () => {
  const { inbox, grants } = inboxOf(2)
  inbox.deliver({ kind: 'hello', channel: 1 as ChannelIndex, attempt })
  expect(grants).toEqual([
    {
      kind: 'grant',
      channel: 101,
      attempt,
      frames: LIMITS.channelFrames,
      bytes: LIMITS.channelBytes,
      received: 0,
    },
  ])
})

test('when half a window has been taken, then its credit is returned; what waits returns none', () => {
  const { grants, deliver, drain } = inboxOf(2)
  const half = LIMITS.channelFrames / 2
  deliver(0, barrier(7), ...Array.from({ length: half }, (_, i) => record(i)))
  drain()
  expect(grants).toEqual([])
  deliver(1, barrier(7))
  drain()
  expect(grants).toMatchObject([{ channel: 100, frames: LIMITS.channelFrames + half, received: half + 1 }])
})

test('when a sender goes beyond its grant, then it is found out', () => {
  const { inbox, deliver } = inboxOf(1)
  for (let i = 0; i <= LIMITS.channelFrames + 2; i++) deliver(0, record(i))
  expect(() => inbox.next()).toThrow('a sender keeps to its grant')
})

test('when inputs are many, then their windows together stay within the gate', () => {
  for (const channels of [1, 16, 100, 500]) {
    const { inbox, grants } = inboxOf(channels)
    for (let channel = 0; channel < channels; channel++) {
      inbox.deliver({ kind: 'hello', channel: channel as ChannelIndex, attempt })
    }
    expect(grants.every(({ frames }) => frames >= 2)).toBe(true)
    const bytes = grants.reduce((sum, grant) => sum + grant.bytes, 0)
    expect(bytes).toBeLessThanOrEqual(Math.max(LIMITS.gateBytes, channels * 2 * LIMITS.batchBytes))
  }
})

test('when tests ask for it, then records are handed out frozen', () => {
  const { inbox, deliver } = inboxOf(1, { freeze: true })
  deliver(0, record({ nested: { list: [1] }, bytes: new Uint8Array(1) }))
  const event = inbox.next()
  if (event?.kind !== 'records') throw new Error('no records')
  const [read] = event.records as [{ nested: { list: number[] } }]
  expect(() => read.nested.list.push(2)).toThrow(TypeError)
})

test('when a barrier has been waited for, then it says how long', () => {
  let now = 1_000
  const { inbox, deliver, drain } = inboxOf(2, { now: () => now })
  deliver(0, barrier(7))
  drain()
  now += 40
  deliver(1, barrier(7))
  drain()
  expect(inbox.alignmentMs).toBe(40)
})

test('when all that came was taken, then none of many channels is looked at for more', () => {
  const { inbox, deliver, drain } = inboxOf(500)
  deliver(7, record('a'), barrier(1))
  deliver(8, record('b'))
  expect(drain()).toEqual([record('a'), record('b')])

  const looks = vi.spyOn(InputChannel.prototype, 'isEmpty', 'get')
  expect(inbox.isReady()).toBe(false)
  expect(looks).not.toHaveBeenCalled()

  deliver(7, record('behind the barrier'))
  expect(inbox.isReady()).toBe(false)
  deliver(9, record('c'))
  expect(drain()).toEqual([record('c')])
  looks.mockRestore()
})
