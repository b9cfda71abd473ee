import { expect, test } from 'vitest'
import { Course } from '../../../bench/jobs/course.js'

const BEGIN = 1_700_000_000_000

test('when the threads together are warm, then what they make counts until the first has no more to make', () => {
  const { course, heard } = courseOf({ warmUp: 300, share: 450 })

  made(course, 1, 100, 0)
  made(course, 2, 100, 10)
  expect(heard).toEqual([])
  made(course, 1, 200, 20)
  expect(heard).toEqual(['warm'])
  made(course, 1, 300, 30)
  made(course, 2, 200, 40)
  expect(heard).toEqual(['warm'])
  made(course, 1, 400, 50)
  expect(heard).toEqual(['warm', 'way out'])
  made(course, 2, 300, 60)
  made(course, 2, 400, 70)

  expect(heard).toEqual(['warm', 'way out'])
  expect(course.steady().count).toBe(300)
})

test('when garbage is collected before all are warm, or on the way out, then it does not count', () => {
  const { course } = courseOf({ warmUp: 100, share: 300 })

  course.onNews({ type: 'collected', seconds: 5 })
  made(course, 1, 100, 0)
  course.onNews({ type: 'collected', seconds: 0.25 })
  made(course, 1, 200, 10)
  course.onNews({ type: 'collected', seconds: 0.5 })
  made(course, 1, 300, 20)
  course.onNews({ type: 'collected', seconds: 0.5 })

  expect(course.steady().gcSeconds).toBe(0.75)
})

test('when threads of two processes have the same number, then they are two', () => {
  const { course, heard } = courseOf({ warmUp: 200, share: 1_000 })

  course.onNews({ type: 'made', thread: 1, records: 100, at: BEGIN }, 0)
  course.onNews({ type: 'made', thread: 1, records: 100, at: BEGIN }, 1)

  expect(heard).toEqual(['warm'])
})

test('when a thousand records are made evenly in each second, then every window has that rate', () => {
  const { course } = courseOf({ warmUp: 900, share: 3_550 })
  for (let step = 0; step <= 40; step++) made(course, 1, step * 100, step * 100)

  const { rates, steady, windowSeconds } = course.steady().timeline
  expect(windowSeconds).toBe(0.5)
  expect(rates.map(Math.round)).toEqual(Array(8).fill(1_000))
  expect(steady).toEqual([2, 7])
})

test('when news of one thread come after later ones of another, then rates are by when it was, not by when it was heard', () => {
  const { course } = courseOf({ warmUp: 50, share: 300 })
  made(course, 1, 0, 0)
  made(course, 1, 100, 250)
  made(course, 1, 200, 500)
  made(course, 1, 300, 1_000)
  made(course, 2, 100, 400)
  made(course, 2, 200, 900)

  const { rates } = course.steady().timeline
  expect(rates.map(Math.round)).toEqual([600, 400])
})

test('when a checkpoint was completed, then it is in the timeline, from when the first record was told', () => {
  const { course } = courseOf({ warmUp: 100, share: 250 })
  made(course, 1, 100, 0)
  course.onCheckpoint(BEGIN + 1_500, 40)
  made(course, 1, 200, 2_000)

  expect(course.steady().timeline.events).toEqual([{ at: 1.5, kind: 'checkpoint', seconds: 0.04 }])
})

test('when a run ends before it is warm, then there is nothing to tell', () => {
  const { course } = courseOf({ warmUp: 1_000, share: 500 })
  made(course, 1, 500, 0)

  expect(() => course.steady()).toThrow('a run has a steady state')
})

function courseOf(of: { warmUp: number; share: number }): { course: Course; heard: string[] } {
  const heard: string[] = []
  const onWarm = () => heard.push('warm')
  const onWayOut = () => heard.push('way out')
  return { course: new Course({ ...of, onWarm, onWayOut }), heard }
}

function made(course: Course, thread: number, records: number, afterMs: number): void {
  course.onNews({ type: 'made', thread, records, at: BEGIN + afterMs })
}
