import { expect, test } from 'vitest'
import { CheckpointIds } from '#src/checkpoint/checkpoint-ids.js'
import { PendingCheckpoints } from '#src/checkpoint/pending-checkpoints.js'
import type { CheckpointOptions } from '#src/graph/job-plan.js'
import { errorInfoOf } from '#src/kit/errors.js'
import type { SubtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { attempt, checkpoint, POLICY, part, snapshot } from './fixtures.js'

const SUBTASKS = (['0-0', '0-1', '1-0', '1-1'] as const).map((id) => id as SubtaskId)

function machine(policy: Partial<CheckpointOptions> = {}, reserved = 64) {
  const ids = new CheckpointIds(checkpoint(0))
  ids.reserve(checkpoint(reserved))
  const checkpoints = new PendingCheckpoints({
    policy: { ...POLICY, ...policy },
    attempt: attempt(1),
    subtasks: SUBTASKS,
    sources: SUBTASKS.slice(0, 2),
    ids,
  })
  const at = (now: number) => ({ now, wallTime: 1_000_000 + now })
  const acknowledge = (id: number, subtask: SubtaskId, now: number, ended = false) => {
    const [v, s] = subtask.split('-').map(Number)
    return checkpoints.onAcknowledged(
      {
        checkpoint: checkpoint(id),
        subtask,
        attempt: attempt(1),
        snapshot: snapshot(v ?? 0, s ?? 0, [], ended),
      },
      now,
    )
  }
  return {
    checkpoints,
    open: (now: number) => checkpoints.open(at(now))?.checkpoint,
    acknowledge,
    /** Opens nothing: brings an open checkpoint to its decision. */
    collect(id: number, now: number, ended = false) {
      checkpoints.onSourceStates(checkpoint(id), [])
      const answers = SUBTASKS.map((subtask) => acknowledge(id, subtask, now, ended).kind)
      expect(answers).toEqual(['collecting', 'collecting', 'collecting', 'collected'])
      expect(checkpoints.onStored(checkpoint(id))).toBe(true)
    },
    log: (id: number, now: number) => checkpoints.onLogged(checkpoint(id), now),
    decline: (id: number, now: number) =>
      checkpoints.onDeclined(
        {
          checkpoint: checkpoint(id),
          subtask: '0-0' as SubtaskId,
          attempt: attempt(1),
          reason: errorInfoOf(new Error('no')),
        },
        now,
      ),
  }
}

test('when not all subtasks run, then nothing opens', () => {
  const { checkpoints, open } = machine()
  checkpoints.onRequested()
  expect(open(1_000_000)).toBeUndefined()
  expect(checkpoints.wakeAt()).toBeUndefined()
})

test('when a run starts, then the first checkpoint comes after an interval, and ids rise', () => {
  const { checkpoints, open, collect, log } = machine()
  checkpoints.onRunning(0, false)
  expect(checkpoints.wakeAt()).toBe(10_000)
  expect(open(9_999)).toBeUndefined()
  expect(open(10_000)).toBe(1)
  collect(1, 10_200)
  expect(log(1, 10_300)).toMatchObject({
    checkpoint: 1,
    final: false,
    subsumed: [],
    record: { durationMs: 300 },
  })
  expect(open(19_999)).toBeUndefined()
  expect(open(20_000)).toBe(2)
})

test('when a job restarts, then the first checkpoint waits for the pause alone', () => {
  const { checkpoints, open } = machine({ minPauseMs: 500 })
  checkpoints.onRunning(1_000, true)
  expect(open(1_499)).toBeUndefined()
  expect(open(1_500)).toBe(1)
})

test('when a checkpoint takes longer than the interval, then the next opens after the pause', () => {
  const { checkpoints, open, collect, log } = machine({ minPauseMs: 2_000, maxConcurrent: 3 })
  checkpoints.onRunning(0, false)
  expect(open(10_000)).toBe(1)
  checkpoints.onSourceStates(checkpoint(1), [])
  expect(open(25_000), 'a pause allows one at a time').toBeUndefined()
  collect(1, 25_000)
  log(1, 25_000)
  expect(open(26_999)).toBeUndefined()
  expect(checkpoints.wakeAt()).toBe(27_000)
  expect(open(27_000)).toBe(2)
})

test('when two may be under way, then a third waits, and one that completes covers the older one', () => {
  const { checkpoints, open, collect, log } = machine({ maxConcurrent: 2 })
  checkpoints.onRunning(0, false)
  expect(open(10_000)).toBe(1)
  expect(open(20_000), 'the first is still being opened').toBeUndefined()
  checkpoints.onSourceStates(checkpoint(1), [])
  expect(open(20_000)).toBe(2)
  expect(open(30_000)).toBeUndefined()
  collect(2, 30_000)
  const completed = log(2, 30_000)
  expect(completed?.subsumed).toMatchObject([
    { checkpoint: 1, intolerable: undefined, record: { state: 'failed' } },
  ])
  expect(open(30_000)).toBe(3)
})

test('when one is not complete in time, then it expires, naming who is missing', () => {
  const { checkpoints, open, acknowledge } = machine({ tolerableFailures: 1 })
  checkpoints.onRunning(0, false)
  open(10_000)
  checkpoints.onSourceStates(checkpoint(1), [])
  acknowledge(1, '0-0' as SubtaskId, 10_100)
  expect(checkpoints.wakeAt()).toBe(70_000)
  expect(checkpoints.expire(69_999)).toEqual([])
  const [expired] = checkpoints.expire(70_000)
  expect(expired).toMatchObject({
    checkpoint: 1,
    intolerable: undefined,
    snapshots: [{ vertex: 0, subtask: 0 }],
  })
  expect(expired?.record.failure).toMatchObject({
    code: 'RT1304',
    why: '3 of 4 subtasks did not acknowledge: 0-1, 1-0, 1-1',
  })
  expect(checkpoints.aborted()).toEqual([1])
  expect(acknowledge(1, '0-1' as SubtaskId, 70_001)).toEqual({ kind: 'late' })
})

test('when the log is asked, then no time gives the checkpoint up: it may be complete already', () => {
  const { checkpoints, open, collect, log } = machine()
  checkpoints.onRunning(0, false)
  open(10_000)
  collect(1, 10_000)
  expect(checkpoints.expire(10_000_000)).toEqual([])
  expect(checkpoints.onFailed(checkpoint(1), errorInfoOf(new Error()), 10)).toBeUndefined()
  expect(log(1, 10_000_000)).toMatchObject({ checkpoint: 1 })
})

test('when more fail in a row than are tolerated, then the attempt is to fail; one that completes starts anew', () => {
  const { checkpoints, open, collect, log, decline } = machine({ tolerableFailures: 1 })
  checkpoints.onRunning(0, false)
  open(10_000)
  expect(decline(1, 10_000)?.intolerable).toBeUndefined()
  open(20_000)
  collect(2, 20_000)
  log(2, 20_000)
  open(30_000)
  expect(decline(3, 30_000)?.intolerable).toBeUndefined()
  expect(decline(3, 30_000), 'each counts once').toBeUndefined()
  open(40_000)
  expect(decline(4, 40_000)?.intolerable).toMatchObject({
    code: 'RT1303',
    cause: { code: 'RT1305', cause: { message: 'no' } },
  })
})

test('when none completes for long, then barriers name the newest ones that were given up, and no more of them', () => {
  const { checkpoints, open } = machine({ maxConcurrent: 2 }, 300)
  checkpoints.onRunning(0, false)
  for (let now = 10_000; now <= 2_000_000; now += 20_000) {
    const older = open(now) ?? checkpoint(0)
    checkpoints.onSourceStates(older, [])
    const newer = open(now + 10_000) ?? checkpoint(0)
    expect(newer).toBe(older + 1)
    for (const id of [newer, older]) checkpoints.onNotRunning(id, now + 10_000)
  }
  const aborted = Array.from({ length: LIMITS.abortedIds }, (_, i) => 200 - LIMITS.abortedIds + i + 1)
  expect(checkpoints.aborted()).toEqual(aborted)
})

test('when a source does not run, or a newer one covers it, then that is no failure', () => {
  const { checkpoints, open } = machine({ tolerableFailures: 0 })
  checkpoints.onRunning(0, false)
  open(10_000)
  expect(checkpoints.onNotRunning(checkpoint(1), 10_000)).toMatchObject({
    checkpoint: 1,
    intolerable: undefined,
  })
})

test('when words come from another attempt or an unknown subtask, then they count for nothing', () => {
  const { checkpoints, open, acknowledge } = machine()
  checkpoints.onRunning(0, false)
  open(10_000)
  checkpoints.onSourceStates(checkpoint(1), [])
  const word = { checkpoint: checkpoint(1), subtask: '0-0' as SubtaskId, snapshot: snapshot(0, 0) }
  expect(checkpoints.onAcknowledged({ ...word, attempt: attempt(2) }, 0)).toEqual({ kind: 'late' })
  expect(
    checkpoints.onAcknowledged({ ...word, attempt: attempt(1), subtask: '7-7' as SubtaskId }, 0),
  ).toEqual({ kind: 'late' })
  expect(acknowledge(1, '0-0' as SubtaskId, 0)).toEqual({ kind: 'collecting' })
  expect(acknowledge(1, '0-0' as SubtaskId, 0), 'repeated').toEqual({ kind: 'collecting' })
  expect(checkpoints.records(0)).toMatchObject([{ acknowledged: 1, subtasks: 4 }])
})

test('when a user asks for one, then neither interval nor pause delays it, but one under way does', () => {
  const { checkpoints, open, collect, log } = machine({ minPauseMs: 5_000, intervalMs: 0 })
  checkpoints.onRunning(0, false)
  expect(open(1_000_000), 'no interval, nothing by itself').toBeUndefined()
  checkpoints.onRequested()
  expect(open(1)).toBe(1)
  checkpoints.onRequested()
  expect(open(2)).toBeUndefined()
  collect(1, 3)
  log(1, 3)
  expect(open(4)).toBe(2)
  expect(open(5)).toBeUndefined()
})

test('when all barriers are out, then assignments go on, once', () => {
  const { checkpoints, open } = machine()
  checkpoints.onRunning(0, false)
  open(10_000)
  const emitted = (subtask: string, of = 1) =>
    checkpoints.onBarrierEmitted(checkpoint(1), subtask as SubtaskId, attempt(of))
  expect(emitted('0-0')).toBe(false)
  expect(emitted('0-1', 2), 'of another attempt').toBe(false)
  expect(emitted('0-1')).toBe(true)
  expect(emitted('0-1')).toBe(false)
})

test('when everything has ended, then a final checkpoint opens at once and is repeated until one succeeds', () => {
  const { checkpoints, open, collect, log, decline } = machine({ tolerableFailures: 9, minPauseMs: 100 })
  checkpoints.onRunning(0, false)
  for (const subtask of SUBTASKS) {
    expect(open(5_000)).toBeUndefined()
    checkpoints.onEnded(subtask, attempt(1), 5_000)
  }
  expect(open(5_000)).toBe(1)
  decline(1, 5_100)
  expect(checkpoints.wakeAt()).toBe(15_000)
  expect(open(15_000)).toBe(2)
  collect(2, 15_000, true)
  expect(log(2, 15_000)).toMatchObject({ final: true })
  expect(open(1_000_000)).toBeUndefined()
  expect(checkpoints.wakeAt()).toBeUndefined()
})

test('when a job without an interval ends, then its final checkpoint is repeated all the same', () => {
  const { checkpoints, open, decline } = machine({ intervalMs: 0, tolerableFailures: 9 })
  checkpoints.onRunning(0, false)
  for (const subtask of SUBTASKS) checkpoints.onEnded(subtask, attempt(1), 5_000)
  expect(open(5_000)).toBe(1)
  decline(1, 5_000)
  expect(open(5_000)).toBeUndefined()
  expect(open(6_000)).toBe(2)
})

test('when one opened before the end completes after it, then the final one still comes', () => {
  const { checkpoints, open, collect, log } = machine()
  checkpoints.onRunning(0, false)
  expect(open(10_000)).toBe(1)
  for (const subtask of SUBTASKS) checkpoints.onEnded(subtask, attempt(1), 10_100)
  expect(open(10_100)).toBeUndefined()
  collect(1, 10_200, false)
  expect(log(1, 10_200)).toMatchObject({ final: false })
  expect(open(10_200)).toBe(2)
})

test('when everything had ended before all ran (a restart at the end), then the final one opens at once', () => {
  const { checkpoints, open } = machine()
  for (const subtask of SUBTASKS) checkpoints.onEnded(subtask, attempt(1), 0)
  expect(open(10)).toBeUndefined()
  checkpoints.onRunning(20, true)
  expect(open(20)).toBe(1)
})

test('when all is restored as ended and not everyone has said so again, then a checkpoint is not final yet', () => {
  const { checkpoints, open, collect, log } = machine()
  checkpoints.onRunning(0, true)
  expect(open(0)).toBe(1)
  collect(1, 100, true)
  expect(log(1, 100)).toMatchObject({ final: false })
  for (const subtask of SUBTASKS) {
    expect(open(600)).toBeUndefined()
    checkpoints.onEnded(subtask, attempt(1), 600)
  }
  expect(open(600)).toBe(2)
  collect(2, 700, true)
  expect(log(2, 700)).toMatchObject({ final: true, record: { cause: 'final' } })
})

test('when no id is reserved, then nothing opens', () => {
  const { checkpoints, open, collect, log } = machine({}, 1)
  checkpoints.onRunning(0, false)
  expect(open(10_000)).toBe(1)
  collect(1, 10_000)
  log(1, 10_000)
  expect(open(20_000)).toBeUndefined()
  expect(checkpoints.wakeAt()).toBeUndefined()
})

test('when the attempt ends, then all is given up and no word counts any more', () => {
  const { checkpoints, open, acknowledge } = machine()
  checkpoints.onRunning(0, false)
  open(10_000)
  checkpoints.onSourceStates(checkpoint(1), [])
  expect(checkpoints.close(11_000)).toMatchObject([{ checkpoint: 1, intolerable: undefined }])
  expect(acknowledge(1, '0-0' as SubtaskId, 12_000).kind).toBe('late')
  expect(checkpoints.records(12_000)).toEqual([])
  expect(open(100_000)).toBeUndefined()
})

test('when the attempt ends while the log is asked, then what the log says is what becomes of the checkpoint', () => {
  for (const says of ['logged', 'refused'] as const) {
    const { checkpoints, open, collect, log } = machine({ maxConcurrent: 2 })
    checkpoints.onRunning(0, false)
    open(10_000)
    collect(1, 10_000)
    expect(open(20_000)).toBe(2)
    expect(checkpoints.close(21_000)).toMatchObject([{ checkpoint: 2 }])
    expect(checkpoints.records(22_000)).toMatchObject([{ checkpoint: 1, state: 'deciding' }])
    expect(checkpoints.close(23_000)).toEqual([])
    const end = says === 'logged' ? log(1, 24_000) : checkpoints.onRefused(checkpoint(1), 'no', 24_000)
    expect(end).toMatchObject({ record: { state: says === 'logged' ? 'completed' : 'failed' } })
    expect(checkpoints.records(24_000)).toEqual([])
    expect(open(100_000)).toBeUndefined()
  }
})

test('when a newer one is complete while the log is asked about an older one, then the log decides that too', () => {
  const { checkpoints, open, collect, log } = machine({ maxConcurrent: 2 })
  checkpoints.onRunning(0, false)
  open(10_000)
  collect(1, 10_000)
  open(20_000)
  collect(2, 20_000)
  expect(log(2, 20_000)).toMatchObject({ subsumed: [] })
  expect(log(1, 20_100)).toMatchObject({ record: { state: 'completed' } })
})

test('when subtasks acknowledge, then the record names the last one and sums the bytes', () => {
  const { checkpoints, open } = machine()
  checkpoints.onRunning(0, false)
  open(10_000)
  checkpoints.onSourceStates(checkpoint(1), [])
  for (const [index, subtask] of SUBTASKS.entries()) {
    const keyed = [{ firstGroup: 0, lastGroup: 63, part: part(`run1/1/1/${subtask}`, 10) }]
    checkpoints.onAcknowledged(
      {
        checkpoint: checkpoint(1),
        subtask,
        attempt: attempt(1),
        snapshot: snapshot(0, index, [{ operator: 'count', keyed }]),
        timings: { alignmentMs: 1, captureMs: 2, uploadMs: 3 },
      },
      10_000 + index * 10,
    )
  }
  expect(checkpoints.records(10_050)).toMatchObject([
    {
      bytes: 40,
      acknowledged: 4,
      durationMs: 50,
      triggeredAt: 1_010_000,
      slowest: { subtask: '1-1', durationMs: 30, timings: { uploadMs: 3 } },
    },
  ])
})

test('when ids run low, then the next block is wanted in time', () => {
  const ids = new CheckpointIds(checkpoint(7))
  expect(ids.wanted(4)).toBe(11)
  ids.reserve(checkpoint(11))
  expect(ids.wanted(4)).toBeUndefined()
  expect(ids.next()).toBe(8)
  expect(ids.wanted(4)).toBeUndefined()
  expect(ids.next()).toBe(9)
  expect(ids.wanted(4)).toBe(15)
  ids.skip(checkpoint(20))
  expect(ids.hasNext()).toBe(false)
  expect(ids.wanted(4)).toBe(24)
})
