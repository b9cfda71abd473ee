import { expect, test } from 'vitest'
import { Outbox, type OutboxEdge, type OutboxOptions } from '#src/channel/outbox.js'
import type { PartitionerSpec } from '#src/channel/partitioner-spec.js'
import type { Attempt, ChannelIndex, CheckpointId } from '#src/kit/ids.js'
import type { Key } from '#src/kit/key.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Barrier, Frame } from '#src/record/element.js'
import { decodeFrame } from '#src/record/frame-codec.js'

const attempt = 2 as Attempt

/** An outbox and what its receivers would see; `as` says how frames reach them. */
function outboxOf(
  edges: readonly [PartitionerSpec, channels: number][],
  as: 'objects' | 'bytes',
  options: Partial<OutboxOptions> = {},
) {
  const sent: (Frame | Uint8Array)[] = []
  let next = 0
  const outbox = new Outbox({
    attempt,
    subtask: 0,
    where: 'map',
    edges: edges.map(
      ([partitioner, channels]): OutboxEdge => ({
        partitioner,
        maxParallelism: 128,
        channels: Array.from({ length: channels }, () => ({
          inputIndex: (50 + next++) as ChannelIndex,
          byReference: as === 'objects',
          send: (frame) => sent.push(frame),
        })),
      }),
    ),
    ...options,
  })
  const grant = (channel: number, frames = 1_000, bytes = 1_000_000_000, received = 0) =>
    outbox.onGrant({ kind: 'grant', channel: channel as ChannelIndex, attempt, frames, bytes, received })
  return {
    outbox,
    sent,
    grant,
    grantAll: () => {
      for (let channel = 0; channel < next; channel++) grant(channel)
    },
    /** What went out since the last call, told shortly. */
    took: () => sent.splice(0).map(told),
  }
}

function told(frame: Frame | Uint8Array): unknown {
  const read = frame instanceof Uint8Array ? decodeFrame(frame) : frame
  const to = read.channel - 50
  switch (read.kind) {
    case 'element':
      return [to, read.sequence, read.element.kind === 'records' ? read.element.records : told1(read.element)]
    case 'beacon':
      return [to, `beacon ${read.lastSequence}`]
    default:
      return [to, read.kind]
  }
}

function told1(element: Barrier | { kind: 'end-of-input' }): string {
  return element.kind === 'barrier' ? `barrier ${element.checkpoint}` : 'end'
}

const barrier = (checkpoint: number, ...aborted: number[]): Barrier => ({
  kind: 'barrier',
  checkpoint: checkpoint as CheckpointId,
  aborted: aborted as CheckpointId[],
})
const forward: [PartitionerSpec, number] = [{ kind: 'forward' }, 1]

test('when nobody has answered yet, then hello is repeated ever more slowly, and no input is chosen', () => {
  const { outbox, took, grant } = outboxOf([[{ kind: 'rebalance' }, 2]], 'objects')
  const at: number[] = []
  for (let now = 0; now <= 4_000; now += 10) {
    outbox.tick(now)
    if (took().length > 0) at.push(now)
  }
  expect(at).toEqual([0, 50, 150, 350, 750, 1_550, 2_550, 3_550])
  expect([outbox.isOpen(), outbox.hasCredit()]).toEqual([false, false])
  grant(0)
  expect([outbox.isOpen(), outbox.hasCredit()]).toEqual([false, false])
  grant(1)
  expect([outbox.isOpen(), outbox.hasCredit()]).toEqual([true, true])
})

for (const as of ['objects', 'bytes'] as const) {
  test(`when frames go as ${as}, then a batch waits for the buffer time-out, and events go at once behind it`, () => {
    const { outbox, took, grantAll } = outboxOf([forward], as)
    grantAll()
    outbox.emitAll(['a', 'b'])
    expect(outbox.tick(100)).toBe(LIMITS.bufferTimeoutMs)
    outbox.emit('c')
    expect([outbox.tick(109), took()]).toEqual([1, []])
    outbox.tick(110)
    expect(took()).toEqual([[0, 1, ['a', 'b', 'c']]])
    outbox.emit('d')
    outbox.broadcastBarrier(barrier(7))
    outbox.endOfInput()
    expect(took()).toEqual([
      [0, 2, ['d']],
      [0, 3, 'barrier 7'],
      [0, 4, 'end'],
    ])
    expect(outbox.isDrained()).toBe(true)
    expect(outbox.counters).toMatchObject({ recordsOut: 4, framesOut: 4, queuedBytes: 0 })
  })

  test(`when frames go as ${as}, then what has no credit waits, in order, and no input is chosen`, () => {
    const { outbox, took, grant } = outboxOf([forward], as)
    grant(0, 1)
    for (const text of ['a', 'b', 'c']) {
      outbox.emit(text)
      outbox.flush()
    }
    outbox.broadcastBarrier(barrier(7))
    expect(took()).toEqual([[0, 1, ['a']]])
    expect([outbox.hasCredit(), outbox.isDrained()]).toEqual([false, false])
    expect(outbox.counters.queuedBytes).toBeGreaterThan(0)
    grant(0, 2)
    expect(took()).toEqual([[0, 2, ['b']]])
    grant(0, 3)
    expect(took()).toEqual([
      [0, 3, ['c']],
      [0, 4, 'barrier 7'],
    ])
    expect([outbox.hasCredit(), outbox.isDrained()]).toEqual([false, true])
    grant(0, 5)
    expect(outbox.hasCredit()).toBe(true)
  })
}

test('when a barrier that waits is given up, then it does not go, and leaves no gap', () => {
  const { outbox, took, grant } = outboxOf([forward], 'bytes')
  grant(0, 1)
  outbox.emit('a')
  outbox.flush()
  outbox.emit('b')
  outbox.broadcastBarrier(barrier(7))
  outbox.emit('c')
  outbox.broadcastBarrier(barrier(8, 7))
  grant(0, 10)
  expect(took()).toEqual([
    [0, 1, ['a']],
    [0, 2, ['b']],
    [0, 3, ['c']],
    [0, 4, 'barrier 8'],
  ])
})

test('when all up to a checkpoint are decided, then their barriers that wait do not go; newer ones do', () => {
  const { outbox, took, grant } = outboxOf([forward, forward], 'bytes')
  for (const channel of [0, 1]) grant(channel, 1)
  outbox.emit('a')
  outbox.flush()
  outbox.emit('b')
  for (const id of [6, 7, 8]) outbox.broadcastBarrier(barrier(id))
  took()
  outbox.settle(7 as CheckpointId)
  for (const channel of [0, 1]) grant(channel, 10)
  expect(took()).toEqual([
    [0, 2, ['b']],
    [0, 3, 'barrier 8'],
    [1, 2, ['b']],
    [1, 3, 'barrier 8'],
  ])
})

test('when a channel is idle or without credit, then it says where it stands', () => {
  const { outbox, took, grant } = outboxOf([forward], 'objects')
  grant(0, 1)
  outbox.tick(0)
  outbox.emit('a')
  outbox.flush()
  outbox.emit('b')
  outbox.flush()
  expect(took()).toEqual([[0, 1, ['a']]])
  expect(outbox.tick(300)).toBe(500)
  expect([outbox.tick(799), took()]).toEqual([1, []])
  expect([outbox.tick(800), took()]).toEqual([500, [[0, 'beacon 1']]])
  expect([outbox.tick(1_300), took()]).toEqual([500, [[0, 'beacon 1']]])
})

test('when all has arrived and more may go, then an idle channel is silent until it sends again', () => {
  const { outbox, took, grant } = outboxOf([forward], 'objects')
  const bytes = 1_000_000
  grant(0, 2, bytes)
  outbox.tick(0)
  expect([outbox.tick(10_000), took()]).toEqual([500, []])

  outbox.emit('a')
  outbox.flush()
  outbox.tick(10_100)
  expect([outbox.tick(10_600), took()]).toEqual([
    500,
    [
      [0, 1, ['a']],
      [0, 'beacon 1'],
    ],
  ])
  grant(0, 2, bytes, 1)
  grant(0, 2, bytes, 0) // late: it says nothing new
  expect([outbox.tick(11_100), outbox.tick(20_000), took()]).toEqual([500, 500, []])

  outbox.emit('b')
  outbox.flush()
  grant(0, 2, bytes, 2) // all has arrived, but the credit that comes with its taking may be lost
  outbox.tick(20_100)
  expect([outbox.tick(20_600), took()]).toEqual([
    500,
    [
      [0, 2, ['b']],
      [0, 'beacon 2'],
    ],
  ])
})

test('when batches fill up, then they are frames of about the size of a batch', () => {
  const { outbox, sent, grantAll } = outboxOf([forward], 'bytes')
  grantAll()
  const text = 'x'.repeat(1_000)
  outbox.emitAll(Array.from({ length: 200 }, () => ({ text })))
  expect(sent.length).toBeGreaterThanOrEqual(11)
  for (const frame of sent as Uint8Array[]) {
    expect(frame.byteLength).toBeGreaterThan(LIMITS.batchBytes * 0.8)
    expect(frame.byteLength).toBeLessThan(LIMITS.batchBytes * 1.3)
  }
})

test('when records are tiny, then a batch has its most records', () => {
  const { outbox, took, grantAll } = outboxOf([forward], 'objects')
  grantAll()
  outbox.emitAll(Array.from({ length: 2 * LIMITS.batchRecords + 3 }, (_, i) => i))
  expect(took().map((frame) => (frame as [number, number, unknown[]])[2].length)).toEqual([
    LIMITS.batchRecords,
    LIMITS.batchRecords,
  ])
  expect(outbox.isDrained()).toBe(false)
})

test('when a batch is larger than a frame may be, then it goes as several, and all fit', () => {
  const { outbox, sent, grantAll } = outboxOf([forward], 'bytes')
  grantAll()
  // The sample sees small ones; the large ones come between.
  const records = Array.from({ length: 32 }, (_, i) => (i % 16 === 0 ? 'small' : 'x'.repeat(300_000)))
  outbox.emitAll(records)
  outbox.flush()
  expect(sent.length).toBeGreaterThan(1)
  const arrived = sent.map((frame) => {
    expect((frame as Uint8Array).byteLength).toBeLessThanOrEqual(LIMITS.frameBytesMax)
    return (told(frame) as [number, number, unknown[]])[2]
  })
  expect(arrived.flat()).toEqual(records)
})

test('when a record is larger than a frame may be, then the operator that emits it is named', () => {
  const { outbox, grantAll } = outboxOf([forward], 'bytes')
  grantAll()
  outbox.emit('small')
  expect(() => {
    outbox.emit({ text: 'x'.repeat(2 * 1024 * 1024) })
    outbox.flush()
  }).toThrow(expect.objectContaining({ code: 'RT1612', where: 'map' }))
})

test('when a record has several receivers, then each gets its own, also in the same thread', () => {
  const record = { clicks: 1 }
  for (const edges of [[forward, forward], [[{ kind: 'broadcast' }, 2]]] as [PartitionerSpec, number][][]) {
    const { outbox, sent, grantAll } = outboxOf(edges, 'objects')
    grantAll()
    outbox.emit(record)
    outbox.flush()
    expect(sent.length).toBe(2)
    expect(sent.every((frame) => frame instanceof Uint8Array)).toBe(true)
  }
  const { outbox, sent, grantAll } = outboxOf([forward], 'objects')
  grantAll()
  outbox.emit(record)
  outbox.flush()
  const [frame] = sent as [Frame & { kind: 'element'; element: { kind: 'records' } }]
  expect(frame.element.records[0]).toBe(record)
})

test('when the caller goes on using its array, then what was emitted stays', () => {
  const { outbox, took, grantAll } = outboxOf([forward], 'objects')
  grantAll()
  const records = ['a', 'b']
  outbox.emitAll(records)
  records.length = 0
  outbox.flush()
  expect(took()).toEqual([[0, 1, ['a', 'b']]])
})

test('when a key is none, then the operator that emits the record is named', () => {
  const keyOf = (record: unknown) => record as Key
  const { outbox } = outboxOf([[{ kind: 'hash', keyOf }, 2]], 'objects')
  expect(() => outbox.emit(Number.NaN)).toThrow(expect.objectContaining({ code: 'RT1610', where: 'map' }))
})

test('when a grant is of another attempt or of no channel, then it changes nothing', () => {
  const { outbox } = outboxOf([forward], 'objects')
  const grant = {
    kind: 'grant',
    channel: 0 as ChannelIndex,
    attempt,
    frames: 5,
    bytes: 5,
    received: 0,
  } as const
  outbox.onGrant({ ...grant, attempt: 1 as Attempt })
  outbox.onGrant({ ...grant, channel: 9 as ChannelIndex })
  expect(outbox.isOpen()).toBe(false)
})

test('when there are no outputs, then there is always credit', () => {
  const { outbox } = outboxOf([], 'objects')
  outbox.emitAll(['a'])
  outbox.broadcastBarrier(barrier(7))
  outbox.endOfInput()
  expect([outbox.isOpen(), outbox.hasCredit(), outbox.isDrained(), outbox.tick(0)]).toEqual([
    true,
    true,
    true,
    LIMITS.beaconMs,
  ])
})
