import { expect, test } from 'vitest'
import type { JobEvent } from '#actors/job-event.js'
import { ClickFeed } from '#src/cli/click-feed.js'
import { verdictLines, verdictOf } from '#src/cli/demo-verdict.js'
import { DemoView } from '#src/cli/demo-view.js'
import { PLAIN } from '#src/cli/palette.js'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'

const run = 'r1' as RunId

function story() {
  const time = { ms: 0 }
  const view = new DemoView({
    palette: PLAIN,
    subtasks: 4,
    now: () => time.ms,
    timeText: () => 'T',
  })
  const at = (ms: number, event: JobEvent) => {
    time.ms = ms
    return view.on(event)
  }
  const crashAt = (ms: number) => {
    time.ms = ms
    return view.onCrash({ name: 'kill -9', text: 'tm-2, process 77' })
  }
  return { view, at, crashAt }
}

const running: JobEvent = { type: 'status', run, status: 'RUNNING', reason: undefined }
const starting: JobEvent = { type: 'status', run, status: 'RUNNING', reason: 'starting' }
const restarting: JobEvent = { type: 'status', run, status: 'RESTARTING', reason: undefined }
const completed = (checkpoint: number): JobEvent => ({
  type: 'checkpoint',
  run,
  record: {
    checkpoint: checkpoint as CheckpointId,
    attempt: 1 as Attempt,
    cause: 'periodic',
    state: 'completed',
    triggeredAt: 0,
    durationMs: 23,
    bytes: 460 * 1024,
    acknowledged: 4,
    subtasks: 4,
    slowest: undefined,
    failure: undefined,
  },
})
const lost: JobEvent = {
  type: 'failure',
  run,
  error: { name: 'RetakeError', message: '', code: 'RT1510', what: 'slot 0 is lost', why: 'w', fix: 'f' },
  restartInMs: 1_000,
}
const attempt = (number: number, from: number): JobEvent => ({
  type: 'attempt',
  run,
  attempt: number as Attempt,
  from: from as CheckpointId,
})

test('when something is crashed, then each step of the recovery is told with its time since the crash', () => {
  const { view, at, crashAt } = story()
  expect(at(0, starting)).toEqual([])
  expect(at(0, attempt(1, 0))).toEqual([])
  expect(at(640, running)).toEqual(['✔ running        after 640 ms'])
  expect(view.onPlaced('2 on tm-1, 2 on tm-2')).toEqual(['                 2 on tm-1, 2 on tm-2'])
  expect(at(2_600, completed(1))).toEqual(['✔ checkpoint 1    23 ms, 460 KB'])
  at(4_600, completed(2))
  expect(view.checkpoints).toBe(2)
  expect(crashAt(5_000)).toEqual(['', '✘ kill -9        tm-2, process 77'])
  expect(at(5_012, lost)).toEqual(['    +12 ms  detected  RT1510 slot 0 is lost; restart in 1.0 s'])
  expect(view.isRunning).toBe(false)
  expect(at(5_013, restarting)).toEqual([])
  expect(at(6_020, attempt(2, 2))).toEqual([
    '  +1020 ms  restart   attempt 2 starts, restored from checkpoint 2',
  ])
  expect(at(6_021, starting)).toEqual([])
  expect(at(6_400, running)).toEqual([expect.stringMatching(/^ {2}\+1400 ms {2}running {3}/)])
  expect(view.isRunning).toBe(true)
  expect(view.onPlaced('4 on tm-1')).toEqual(['            placed    4 on tm-1', ''])
  expect(view.onFact({ name: 'tm-2', text: 'is back' })).toEqual(['✔ tm-2           is back'])
})

test('when something fails that nobody crashed, then it is told as everywhere', () => {
  const { view, at } = story()
  at(640, running)
  expect(at(5_000, lost).join('\n')).toContain('✘ T RT1510 slot 0 is lost\n')
  expect(at(6_000, attempt(2, 0))).toEqual([
    '↻ attempt 2 starts from the beginning (there is no checkpoint yet)',
  ])
  expect(at(6_400, running)).toEqual(['✔ running again, 1.4 s after the failure'])
  expect(view.onPlaced(undefined)).toEqual([])
})

test('when every user has what the oracle counted, then it is exactly once', () => {
  const counts = new Map(Array.from({ length: 12 }, (_, i) => [`user-${i}`, 1_000 + i]))
  const verdict = verdictOf(counts, new Map([...counts].reverse()))
  expect(verdict).toMatchObject({
    isExact: true,
    users: 12,
    exactUsers: 12,
    clicks: 12_066,
    lost: 0,
    repeated: 0,
  })
  const lines = verdictLines(verdict, 1, PLAIN)
  expect(lines).toHaveLength(13)
  expect(lines[1]).toBe('  user-11              1,011       1,011  ✔')
  expect(lines.at(-1)).toBe(
    '✔ exactly once: 12,066 clicks of 12 users, none lost, none twice, through 1 crash',
  )
})

test('when one click is lost and another counted twice, then equal sums do not hide it', () => {
  const verdict = verdictOf(
    new Map([
      ['a', 5],
      ['b', 3],
    ]),
    new Map([
      ['a', 4],
      ['b', 4],
    ]),
  )
  expect(verdict).toMatchObject({ isExact: false, exactUsers: 0, lost: 1, repeated: 1 })
  expect(verdictLines(verdict, 2, PLAIN).at(-1)).toBe(
    '✘ not exact: 0 of 2 users are; 1 clicks lost, 1 counted twice',
  )
})

test('when a user is on one side only, then it is no match', () => {
  expect(verdictOf(new Map([['a', 5]]), new Map([['b', 5]]))).toMatchObject({
    exactUsers: 0,
    lost: 5,
    repeated: 5,
  })
})

test('when clicks are fed, then all of them, in order, at their pace', async () => {
  const clock = new VirtualClock()
  const written: string[] = []
  const feed = new ClickFeed({
    topic: { write: async (values) => void written.push(...values) },
    clickAt: (seed, index) => ({ seed, index }),
    count: 10_000,
    rate: 1_000,
    seed: 3,
    clock,
  })
  const done = feed.run()
  await clock.advance(5_000)
  expect(written.length).toBeGreaterThan(4_900)
  expect(written.length).toBeLessThanOrEqual(5_000)
  await clock.advance(5_100)
  await done
  expect(written).toEqual(Array.from({ length: 10_000 }, (_, index) => JSON.stringify({ seed: 3, index })))
})

test('when a feed is stopped, then it writes no more', async () => {
  const clock = new VirtualClock()
  let written = 0
  const feed = new ClickFeed({
    topic: {
      write: async (values) => {
        written += values.length
      },
    },
    clickAt: () => 0,
    count: 10_000,
    rate: 1_000,
    seed: 3,
    clock,
  })
  const done = feed.run()
  await clock.advance(1_000)
  feed.stop()
  await clock.advance(60_000)
  await done
  expect(written).toBeLessThan(1_200)
})
