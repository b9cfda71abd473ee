import { Inbox } from '#src/channel/inbox.js'
import { Outbox } from '#src/channel/outbox.js'
import { partitionerOf } from '#src/channel/partitioner.js'
import { systemClock } from '#src/kit/clock.js'
import type { Attempt, ChannelIndex, CheckpointId } from '#src/kit/ids.js'
import { keyHash } from '#src/kit/key-hash.js'
import type { Frame } from '#src/record/element.js'
import { decodeFrame, encodeFrame } from '#src/record/frame-codec.js'
import { HeapKeyedState } from '#src/state/heap-keyed-state.js'

/**
 * What one record costs in each part of the data plane, in nanoseconds: a feeling for the order of magnitude, not a
 * benchmark to compare with others. `node dist/bench/data-plane.js`
 */
interface Click {
  readonly userId: string
  readonly clicks: number
}

const attempt = 1 as Attempt
const users = 100_000
const batch = Array.from(
  { length: 500 },
  (_, i): Click => ({ userId: `user-${(i * 7_919) % users}`, clicks: 1 }),
)
const keyOf = (record: unknown) => (record as Click).userId
/** Results go here, so that no work is found useless. */
let sink = 0
let checkpoint = 0

/** Best of fifty short rounds, so that the neighbours on a shared machine count for little. */
function measure(name: string, perRound: number, round: () => void): void {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 60; i++) {
    const startedAt = systemClock.now()
    round()
    if (i >= 10) best = Math.min(best, systemClock.now() - startedAt)
  }
  console.log(`${name.padEnd(44)}${((best * 1e6) / perRound).toFixed(1).padStart(8)} ns per record`)
}

function repeated(times: number, work: () => void): () => void {
  return () => {
    for (let i = 0; i < times; i++) work()
  }
}

const keys = batch.map(({ userId }) => userId)
const rounds = 40
const records = rounds * batch.length

measure(
  'hash of a short ASCII key',
  records,
  repeated(rounds, () => {
    for (let i = 0; i < keys.length; i++) sink ^= keyHash(keys[i]!)
  }),
)

const hash = partitionerOf({ kind: 'hash', keyOf }, { channels: 4, subtask: 0, maxParallelism: 128 })
measure(
  'partition by key over 4 channels',
  records,
  repeated(rounds, () => {
    const targets: unknown[][] = [[], [], [], []]
    hash.partition(batch, targets)
    sink ^= targets[0]!.length
  }),
)

const frame: Frame = {
  kind: 'element',
  channel: 0 as ChannelIndex,
  attempt,
  sequence: 1,
  bytes: 0,
  element: { kind: 'records', records: batch },
}
const bytes = encodeFrame(frame)
measure(
  'encode a frame of 500',
  records,
  repeated(rounds, () => {
    sink ^= encodeFrame(frame).byteLength
  }),
)
measure(
  'decode a frame of 500',
  records,
  repeated(rounds, () => {
    sink ^= decodeFrame(bytes).channel
  }),
)

for (const byReference of [true, false]) {
  measure(
    `outbox to inbox, ${byReference ? 'by reference' : 'as bytes'}`,
    records,
    repeated(rounds, pipeOf(byReference)),
  )
}

function pipeOf(byReference: boolean): () => void {
  const inbox = new Inbox({
    attempt,
    channels: [{ outputIndex: 0 as ChannelIndex }],
    mode: 'exactly-once',
    grant: (_, grant) => outbox.onGrant(grant),
  })
  const channel = {
    inputIndex: 0 as ChannelIndex,
    byReference,
    send: (sent: Frame | Uint8Array) => inbox.deliver(sent),
  }
  const edge = { partitioner: { kind: 'hash', keyOf }, maxParallelism: 128, channels: [channel] } as const
  const outbox: Outbox = new Outbox({ attempt, subtask: 0, edges: [edge] })
  outbox.tick(0)
  return () => {
    outbox.emitAll(batch)
    for (let event = inbox.next(); event !== undefined; event = inbox.next()) {
      if (event.kind === 'records') sink ^= event.records.length
    }
    outbox.broadcastBarrier({ kind: 'barrier', checkpoint: ++checkpoint as CheckpointId, aborted: [] })
    inbox.next()
  }
}
const state = new HeapKeyedState({ maxParallelism: 128, parallelism: 1, subtask: 0, where: 'sum' })
const count = state.value<number>('count')
let next = 0
function update(): void {
  for (let i = 0; i < batch.length; i++) {
    next = (next + 7_919) % users
    state.setCurrentKey(allKeys[next]!)
    count.set((count.get() ?? 0) + 1)
  }
}
const allKeys = Array.from({ length: users }, (_, i) => `user-${i}`)
measure('update state, 100 000 keys', records, repeated(rounds, update))
measure('snapshot of 100 000 keys, per key', users, () => {
  const capture = state.capture()
  while (!capture.slice()) sink ^= 1
})
measure('update state while a snapshot is taken', records, () => {
  const capture = state.capture()
  for (let i = 0; i < rounds; i++) {
    if (i % 8 === 0) capture.slice()
    update()
  }
})
console.log(sink === 0.5 ? sink : '')
