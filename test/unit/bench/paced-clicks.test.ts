import type { Source, SourceContext, SourceReader } from 'retake'
import { expect, test } from 'vitest'
import { type PacedClick, type Pacing, pacedClicks } from '../../../bench/jobs/paced-clicks.js'
import { Progress } from '../../../bench/jobs/progress.js'

test('when time goes by, then clicks are made as they become due, and none before', () => {
  const reader = readerOf({ ratePerSecond: 1_000, records: 10 })

  expect(reader.madeAt(0)).toEqual([0])
  expect(reader.madeAt(0.9)).toEqual([])
  expect(reader.madeAt(3)).toEqual([1, 2, 3])
})

test('when the job took nothing for seconds, then all that was due meanwhile is made, as late as it is', () => {
  const reader = readerOf({ ratePerSecond: 100, records: 1_000 })
  reader.madeAt(0)

  expect(reader.madeAt(5_000)).toHaveLength(500)
  expect(reader.clicks.map(({ dueAt }) => Math.round(dueAt - reader.begin)).slice(0, 4)).toEqual([
    0, 10, 20, 30,
  ])
})

test('when a source has two subtasks, then each makes every other click, at half of the rate', () => {
  const [even, odd] = [0, 1].map((subtask) => readerOf({ ratePerSecond: 1_000, records: 7 }, subtask, 2))

  expect(even!.madeAt(0)).toEqual([0])
  expect(even!.madeAt(2)).toEqual([2])
  odd!.madeAt(0)
  expect(odd!.madeAt(100)).toEqual([3, 5])
  expect(odd!.poll()).toBe('end')
})

test('when clicks lie outside of those that count, then they say so', () => {
  const reader = readerOf({ ratePerSecond: 1_000, records: 6, countsFrom: 2, countsUntil: 4 })
  reader.madeAt(0)
  reader.madeAt(10)

  expect(reader.clicks.map(({ counts }) => counts)).toEqual([false, false, true, true, false, false])
})

test('when more is due than a batch holds, then it asks to be polled again at once', () => {
  const reader = readerOf({ ratePerSecond: 1e9, records: 1_500 })

  expect([reader.poll(), reader.clicks.length]).toEqual(['idle', 1])
  reader.moveTo(10)
  expect([reader.poll(), reader.clicks.length]).toEqual(['more', 1_025])
  expect([reader.poll(), reader.clicks.length]).toEqual(['end', 1_500])
})

interface Polled {
  readonly clicks: readonly PacedClick[]
  /** Milliseconds since 1970 at time 0. */
  readonly begin: number
  moveTo(ms: number): void
  poll(): 'more' | 'idle' | 'end'
  /** Timestamps, which are indices, of what a poll at that time makes. */
  madeAt(ms: number): readonly number[]
}

function readerOf(
  pacing: Pick<Pacing, 'ratePerSecond' | 'records'> & Partial<Pacing>,
  subtask = 0,
  parallelism = 1,
): Polled {
  const clicks: PacedClick[] = []
  let now = 1_000
  const clock = { now: () => now, wallTime: () => now, after: () => () => {}, soon: () => {} }
  const ctx = {
    clock,
    subtask,
    parallelism,
    emit: (click: unknown) => clicks.push(click as PacedClick),
    ready: () => {},
  } as unknown as SourceContext
  const source: Source<PacedClick> = pacedClicks(
    { countsFrom: 0, countsUntil: pacing.records, ...pacing },
    parallelism,
    new Progress(),
  )
  const reader = (source.functions['reader'] as (ctx: SourceContext) => SourceReader)(ctx)
  const moveTo = (ms: number) => {
    now = 1_000 + ms
  }
  return {
    clicks,
    begin: performance.timeOrigin + 1_000,
    moveTo,
    poll: () => reader.poll(),
    madeAt(ms) {
      moveTo(ms)
      const before = clicks.length
      reader.poll()
      return clicks.slice(before).map(({ ts }) => ts)
    },
  }
}
