import { expect, test } from 'vitest'
import { BarrierAligner } from '#src/channel/barrier-aligner.js'
import { BarrierTracker } from '#src/channel/barrier-tracker.js'
import type { ChannelIndex, CheckpointId } from '#src/kit/ids.js'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'

const [a, b, c] = [0, 1, 2] as ChannelIndex[] as [ChannelIndex, ChannelIndex, ChannelIndex]
const [c6, c7, c8] = [6, 7, 8] as CheckpointId[] as [CheckpointId, CheckpointId, CheckpointId]

test('when a channel has delivered its barrier, then it is blocked until all have', () => {
  const aligner = new BarrierAligner(3)
  expect(aligner.onBarrier(a, c7)).toBe('waiting')
  expect([a, b, c].map((channel) => aligner.isBlocked(channel))).toEqual([true, false, false])
  expect(aligner.onBarrier(c, c7)).toBe('waiting')
  expect(aligner.onBarrier(b, c7)).toBe('aligned')
  expect([a, b, c].map((channel) => aligner.isBlocked(channel))).toEqual([false, false, false])
})

test('when there is one channel, then each barrier is aligned at once', () => {
  const aligner = new BarrierAligner(1)
  expect([c6, c7, c7, c6, c8].map((id) => aligner.onBarrier(a, id))).toEqual([
    'aligned',
    'aligned',
    'late',
    'late',
    'aligned',
  ])
})

test('when a newer barrier comes, then it ends the older alignment, whose barriers are late', () => {
  const aligner = new BarrierAligner(3)
  aligner.onBarrier(a, c7)
  expect(aligner.onBarrier(b, c8)).toBe('waiting')
  expect([a, b, c].map((channel) => aligner.isBlocked(channel))).toEqual([false, true, false])
  expect(aligner.onBarrier(c, c7)).toBe('late')
  expect(aligner.onBarrier(c, c8)).toBe('waiting')
  expect(aligner.onBarrier(a, c8)).toBe('aligned')
})

test('when the checkpoint that aligns is given up, then its channels go on and its other barriers are late', () => {
  const aligner = new BarrierAligner(2)
  aligner.onBarrier(a, c7)
  aligner.abort(c7)
  expect(aligner.isBlocked(a)).toBe(false)
  expect(aligner.onBarrier(b, c7)).toBe('late')
  expect(aligner.onBarrier(a, c8)).toBe('waiting')
  expect(aligner.onBarrier(b, c8)).toBe('aligned')
})

test('when a checkpoint is given up before its first barrier, then all of them are late, and nothing blocks', () => {
  const aligner = new BarrierAligner(2)
  aligner.abort(c7)
  expect([aligner.onBarrier(a, c7), aligner.onBarrier(b, c7)]).toEqual(['late', 'late'])
  expect([aligner.onBarrier(a, c6), aligner.onBarrier(b, c6)]).toEqual(['waiting', 'aligned'])
  aligner.abort(c6)
  expect([aligner.onBarrier(a, c7), aligner.onBarrier(b, c8), aligner.onBarrier(a, c8)]).toEqual([
    'late',
    'waiting',
    'aligned',
  ])
})

test('when a checkpoint is given up while an older one aligns, then the older goes on', () => {
  const aligner = new BarrierAligner(2)
  aligner.onBarrier(a, c7)
  aligner.abort(c8)
  expect(aligner.isBlocked(a)).toBe(true)
  expect(aligner.onBarrier(b, c7)).toBe('aligned')
})

test('when all up to a checkpoint are decided, then nothing is blocked for one of them, and their barriers are late', () => {
  const aligner = new BarrierAligner(2)
  aligner.onBarrier(a, c6)
  aligner.settle(c7)
  expect([a, b].map((channel) => aligner.isBlocked(channel))).toEqual([false, false])
  expect([c6, c7].flatMap((id) => [aligner.onBarrier(b, id), aligner.onBarrier(a, id)])).toEqual([
    'late',
    'late',
    'late',
    'late',
  ])
  expect([aligner.onBarrier(a, c8), aligner.onBarrier(b, c8)]).toEqual(['waiting', 'aligned'])
})

test('when older ones are decided again, then what aligns goes on', () => {
  const aligner = new BarrierAligner(2)
  aligner.settle(c6)
  aligner.onBarrier(a, c7)
  aligner.settle(c6)
  expect(aligner.isBlocked(a)).toBe(true)
  expect(aligner.onBarrier(b, c7)).toBe('aligned')
})

test('when barriers are counted at least once, then nothing blocks, and several checkpoints are counted at once', () => {
  const tracker = new BarrierTracker(2)
  expect(tracker.onBarrier(a, c6)).toBe('waiting')
  expect(tracker.onBarrier(a, c7)).toBe('waiting')
  expect(tracker.isBlocked(a)).toBe(false)
  expect(tracker.onBarrier(b, c6)).toBe('aligned')
  expect(tracker.onBarrier(b, c7)).toBe('aligned')
})

test('when a newer checkpoint is counted to its end, then older ones are late', () => {
  const tracker = new BarrierTracker(2)
  tracker.onBarrier(a, c6)
  tracker.onBarrier(a, c7)
  expect(tracker.onBarrier(b, c7)).toBe('aligned')
  expect(tracker.onBarrier(b, c6)).toBe('late')
})

test('when a counted checkpoint is given up, then its barriers are late', () => {
  const tracker = new BarrierTracker(2)
  tracker.onBarrier(a, c7)
  tracker.abort(c7)
  expect([tracker.onBarrier(b, c7), tracker.onBarrier(a, c7)]).toEqual(['late', 'late'])
})

test('when all up to a checkpoint are decided, then none of them is counted any more, and newer ones are', () => {
  const tracker = new BarrierTracker(2)
  for (const id of [c6, c7, c8]) tracker.onBarrier(a, id)
  tracker.settle(c7)
  expect([c6, c7, c8].map((id) => tracker.onBarrier(b, id))).toEqual(['late', 'late', 'aligned'])
})

/** What happens at a subtask: a barrier over one of its channels, or word that a checkpoint was given up. */
type Happening = { readonly channel?: ChannelIndex; readonly checkpoint: CheckpointId }

/** Ids rise over each channel; of a checkpoint that was given up some barriers come and some were dropped. Not the last. */
function happenings(random: Random, channels: number, checkpoints: number): Happening[] {
  const chance = (of: number) => random.next() < of
  const givenUp = new Set<number>()
  for (let id = 0; id < checkpoints - 1; id++) if (chance(0.7)) givenUp.add(id)
  const lanes: Happening[][] = [[...givenUp].map((id) => ({ checkpoint: id as CheckpointId }))]
  for (let channel = 0 as ChannelIndex; channel < channels; channel++) {
    const ids = Array.from({ length: checkpoints }, (_, id) => id as CheckpointId)
    lanes.push(
      ids.filter((id) => !givenUp.has(id) || chance(0.5)).map((checkpoint) => ({ channel, checkpoint })),
    )
  }
  const all: Happening[] = []
  for (let open = lanes; open.length > 0; open = open.filter((lane) => lane.length > 0)) {
    const next = open[randomInteger(random, open.length)]?.shift()
    if (next !== undefined) all.push(next)
  }
  return all
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'when barriers are counted (seed %i), then forgetting what every channel has passed changes no answer',
  (seed) => {
    const random = seededRandom(seed)
    const tracker = new BarrierTracker(3)
    // The same, without ever forgetting anything.
    let last = -1
    const aborted = new Set<number>()
    const delivered = new Map<number, Set<ChannelIndex>>()
    const expected = (channel: ChannelIndex, id: number) => {
      if (id <= last || aborted.has(id)) return 'late'
      const by = delivered.get(id) ?? new Set()
      delivered.set(id, by.add(channel))
      if (by.size < 3) return 'waiting'
      last = id
      return 'aligned'
    }
    let aligned = 0
    for (const { channel, checkpoint } of happenings(random, 3, 60)) {
      if (channel === undefined) {
        tracker.abort(checkpoint)
        aborted.add(checkpoint)
        continue
      }
      const answer = tracker.onBarrier(channel, checkpoint)
      expect(answer, `${checkpoint} over ${channel}`).toBe(expected(channel, checkpoint))
      if (answer === 'aligned') aligned++
    }
    expect(aligned).toBeGreaterThan(3)
  },
)

test('when checkpoint after checkpoint is given up and none completes, then what is counted does not grow', () => {
  const tracker = new BarrierTracker(2)
  for (let id = 1 as CheckpointId; id < 1_000; id++) {
    tracker.onBarrier(a, id)
    tracker.abort(id)
    tracker.onBarrier(b, id)
    expect(tracker.size).toBeLessThanOrEqual(2)
  }
  for (let id = 1_000 as CheckpointId; id < 2_000; id++) {
    tracker.onBarrier(id % 2 === 0 ? a : b, id) // the other one was dropped where it waited
    expect(tracker.size).toBeLessThanOrEqual(2)
  }
})

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'when a barrier names fewer of those that were given up (seed %i), then the same checkpoints align, in the same order',
  (seed) => {
    const aligned = [0, 1, Number.POSITIVE_INFINITY].map((most) => alignedWith(most, seededRandom(seed)))
    expect(aligned[0]?.length).toBeGreaterThan(3)
    expect(aligned[1]).toEqual(aligned[0])
    expect(aligned[2]).toEqual(aligned[0])
  },
)

/** Which checkpoints align when each barrier names the newest `most` of those given up before it. */
function alignedWith(most: number, random: Random): CheckpointId[] {
  const all = happenings(random, 3, 60)
  const givenUp = all.filter(({ channel }) => channel === undefined).map(({ checkpoint }) => checkpoint)
  const lanes = ([a, b, c] as const).map((channel) => all.filter((one) => one.channel === channel))
  const aligner = new BarrierAligner(3)
  const aligned: CheckpointId[] = []
  for (let open = lanes; open.length > 0; open = open.filter((lane) => lane.length > 0)) {
    const ready = open.filter(([next]) => !aligner.isBlocked(next?.channel ?? a))
    expect(ready, 'a channel goes on').not.toEqual([])
    const next = ready[randomInteger(random, ready.length)]?.shift()
    if (next === undefined) continue
    const { channel = a, checkpoint } = next
    const named = givenUp.filter((id) => id < checkpoint)
    for (const id of most === 0 ? [] : named.slice(-most)) aligner.abort(id)
    if (aligner.onBarrier(channel, checkpoint) === 'aligned') aligned.push(checkpoint)
  }
  return aligned
}
