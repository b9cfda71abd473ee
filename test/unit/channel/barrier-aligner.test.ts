import { expect, test } from 'vitest'
import { BarrierAligner } from '#src/channel/barrier-aligner.js'
import { BarrierTracker } from '#src/channel/barrier-tracker.js'
import type { ChannelIndex, CheckpointId } from '#src/kit/ids.js'

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
