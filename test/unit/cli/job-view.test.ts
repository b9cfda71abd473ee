import { expect, test } from 'vitest'
import type { JobEvent } from '#actors/job-event.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { JobView } from '#src/cli/job-view.js'
import { PLAIN } from '#src/cli/palette.js'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'

const run = 'r1' as RunId

function viewAt(subtasks = 4) {
  const time = { ms: 0 }
  const view = new JobView({
    palette: PLAIN,
    subtasks,
    now: () => time.ms,
    timeText: () => `T${time.ms}`,
  })
  const at = (ms: number, event: JobEvent): string[] => {
    time.ms = ms
    return view.on(event)
  }
  const lineAt = (ms: number) => {
    time.ms = ms
    return view.liveLine()
  }
  return { at, lineAt }
}

const status = (status: 'RUNNING' | 'RESTARTING' | 'CREATED' | 'CANCELLING', reason?: string): JobEvent => ({
  type: 'status',
  run,
  status,
  reason,
})
const attempt = (number: number, from: number): JobEvent => ({
  type: 'attempt',
  run,
  attempt: number as Attempt,
  from: from as CheckpointId,
})
const failure = (restartInMs: number | undefined): JobEvent => ({
  type: 'failure',
  run,
  error: {
    name: 'RetakeError',
    message: '',
    code: 'RT1510',
    what: 'slot 0 is lost',
    why: 'it ended',
    fix: 'none',
  },
  restartInMs,
})
const metrics = (recordsIn: number, recordsOut: number, busyMs = 0, backpressuredMs = 0): JobEvent => ({
  type: 'metrics',
  run,
  metrics: { recordsIn, recordsSkipped: 0, recordsOut, busyMs, backpressuredMs },
})
const checkpoint = (id: number, of: Partial<CheckpointRecord>): JobEvent => ({
  type: 'checkpoint',
  run,
  record: {
    checkpoint: id as CheckpointId,
    attempt: 1 as Attempt,
    cause: 'periodic',
    state: 'completed',
    triggeredAt: 0,
    durationMs: 23,
    bytes: 1_258_291,
    acknowledged: 4,
    subtasks: 4,
    slowest: undefined,
    failure: undefined,
    ...of,
  },
})

test('when a job starts, then it is running once it waits for nothing', () => {
  const { at, lineAt } = viewAt()
  expect(at(0, status('CREATED'))).toEqual([])
  expect(lineAt(10)).toBe('T10  starting')
  expect(at(20, status('RUNNING', 'starting'))).toEqual([])
  expect(at(20, attempt(1, 0))).toEqual([])
  expect(at(640, status('RUNNING'))).toEqual(['✔ running, 640 ms after its start'])
})

test('when slots are missing, then the reason is said once, and stays in the live line', () => {
  const { at, lineAt } = viewAt()
  const reason = 'waiting for slots: needs 2 slots, 1 free on 1 task manager: 1 slot missing'
  expect(at(0, status('CREATED', reason))).toEqual([`… ${reason}`])
  expect(at(250, status('CREATED', reason))).toEqual([])
  expect(lineAt(300)).toBe(`T300  ${reason}`)
})

test('when a job runs, then its line has rates, the newest checkpoint, restarts and load', () => {
  const { at, lineAt } = viewAt(4)
  at(0, attempt(1, 0))
  at(1_000, status('RUNNING'))
  at(2_000, metrics(66_100, 44_000, 400, 40))
  expect(lineAt(2_000)).toBe(
    'T2000  in 66.1k/s  out 44.0k/s  no checkpoint yet  0 restarts  busy 10%  backpressure 1%',
  )
  expect(at(2_500, checkpoint(3, { state: 'collecting' }))).toEqual([])
  expect(at(2_600, checkpoint(3, {}))).toEqual([])
  expect(lineAt(2_600)).toContain('checkpoint 3 23 ms 1.2 MB')
})

test('when records come in bursts, then the rate is that of some seconds', () => {
  const { at, lineAt } = viewAt()
  at(0, attempt(1, 0))
  at(0, status('RUNNING'))
  for (const [ms, records] of [
    [1_000, 100_000],
    [2_000, 100_000],
    [3_000, 300_000],
    [4_000, 300_000],
  ] as const)
    at(ms, metrics(records, 0))
  expect(lineAt(4_000)).toContain('in 66.7k/s')
})

test('when a slot is lost, then cause, restart, restored checkpoint and the time it took are told', () => {
  const { at, lineAt } = viewAt()
  at(0, attempt(1, 0))
  at(500, status('RUNNING'))
  at(900, metrics(1_000, 1_000))
  expect(at(5_000, failure(1_000))).toEqual([
    '✘ T5000 RT1510 slot 0 is lost',
    '  why     it ended',
    '  fix     none',
    '↻ restarts in 1.0 s',
  ])
  expect(at(5_001, status('RESTARTING'))).toEqual([])
  expect(at(5_002, checkpoint(4, { state: 'failed' }))).toEqual([])
  expect(lineAt(5_400)).toBe('T5400  restarting in 600 ms')
  expect(lineAt(6_100)).toBe('T6100  restarting')
  expect(at(6_200, attempt(2, 3))).toEqual(['↻ attempt 2 starts from checkpoint 3'])
  at(6_200, status('RUNNING', 'starting'))
  expect(at(7_000, status('RUNNING'))).toEqual(['✔ running again, 2.0 s after the failure'])
  expect(lineAt(7_000)).toContain('1 restart ')
  at(8_000, metrics(500, 500))
  expect(lineAt(8_000)).toContain('in 500/s')
})

test('when an attempt goes on with what a process left, then it says from where', () => {
  const { at } = viewAt()
  expect(at(0, attempt(3, 12))).toEqual(['↻ attempt 3 starts from checkpoint 12'])
  expect(at(0, attempt(4, 0))).toEqual(['↻ attempt 4 starts from the beginning (there is no checkpoint yet)'])
})

test('when a checkpoint fails by itself, then it is told with its cause', () => {
  const { at } = viewAt()
  at(0, status('RUNNING'))
  const full = {
    code: 'RT1301',
    what: 'no space is left',
    why: 'the file system is full',
    fix: 'make room',
  } as const
  const givenUp = { code: 'RT1305', what: 'it was given up', why: '1-0 declined it', fix: 'look' } as const
  const told = { name: 'RetakeError', message: 'm' }
  const failure = {
    ...told,
    ...givenUp,
    cause: { ...told, ...full, cause: { name: 'Error', message: 'ENOSPC' } },
  }
  const failed = { state: 'failed', failure } as const
  expect(at(1, checkpoint(7, failed))).toEqual([
    '! checkpoint 7 failed: RT1301 no space is left: the file system is full',
  ])
  expect(at(2, checkpoint(8, { ...failed, cause: 'on-demand' }))).toEqual([])
  at(3, status('CANCELLING'))
  expect(at(4, checkpoint(9, failed))).toEqual([])
})

test('when bad records were skipped, then the live line says how many, and so does the end', () => {
  const { at, lineAt } = viewAt()
  at(0, status('RUNNING'))
  const { metrics: counts } = metrics(10, 10) as Extract<JobEvent, { type: 'metrics' }>
  at(1_000, { type: 'metrics', run, metrics: { ...counts, recordsSkipped: 3 } })
  expect(lineAt(1_000)).toMatch(/ {2}3 bad records skipped$/)
  expect(
    at(2_000, { type: 'ended', run, outcome: 'finished', error: undefined, checkpoint: undefined }),
  ).toEqual(['✔ FINISHED after 2.0 s, 0 checkpoints, 0 restarts, 3 bad records skipped'])
})

test('when a job ends, then how, after what, and why', () => {
  const { at } = viewAt()
  at(0, status('RUNNING'))
  at(1, checkpoint(1, {}))
  const end = { type: 'ended', run, error: undefined, checkpoint: 1 as CheckpointId } as const
  expect(at(15_300, { ...end, outcome: 'finished' })).toEqual([
    '✔ FINISHED after 15.3 s, 1 checkpoint, 0 restarts',
  ])
  expect(at(15_300, { ...end, outcome: 'canceled' })).toEqual([
    '■ CANCELED after 15.3 s, 1 checkpoint, 0 restarts',
  ])
  // The strategy gave up: its error comes with the end, once.
  expect(at(15_300, failure(undefined))).toEqual([])
  const error = {
    name: 'TypeError',
    message: 'x is undefined',
    stack: 'TypeError\n    at f (/jobs/a.ts:1:2)',
  }
  expect(at(15_300, { ...end, outcome: 'failed', error })).toEqual([
    '✘ FAILED after 15.3 s, 1 checkpoint, 0 restarts',
    'TypeError: x is undefined',
    '          at f (/jobs/a.ts:1:2)',
  ])
})
