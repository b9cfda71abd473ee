import { expect, test } from 'vitest'
import { Course } from '../../../bench/jobs/course.js'

const BEGIN = 1_700_000_000_000

test('when the threads together have made what warms them up, then only what follows counts', () => {
  const { course, isWarm } = courseOf(300)

  made(course, 1, 100, 0)
  made(course, 2, 100, 10)
  expect(isWarm()).toBe(false)
  made(course, 1, 200, 20)
  expect(isWarm()).toBe(true)
  made(course, 2, 200, 30)

  expect(course.end(1_000).count).toBe(700)
})

test('when a thread has collected garbage before all were warm, then it does not count', () => {
  const { course } = courseOf(100)

  course.onNews({ type: 'collected', seconds: 5 })
  made(course, 1, 100, 0)
  course.onNews({ type: 'collected', seconds: 0.25 })
  course.onNews({ type: 'collected', seconds: 0.5 })

  expect(course.end(200).gcSeconds).toBe(0.75)
})

test('when threads of two processes have the same number, then they are two', () => {
  const { course, isWarm } = courseOf(200)

  course.onNews({ type: 'made', thread: 1, records: 100, at: BEGIN }, 0)
  course.onNews({ type: 'made', thread: 1, records: 100, at: BEGIN }, 1)

  expect(isWarm()).toBe(true)
})

test('when a thousand records are made evenly in each second, then every window has that rate', () => {
  const { course } = courseOf(1_000)
  for (let step = 0; step <= 40; step++) made(course, 1, step * 100, step * 100)

  const { rates, steady, windowSeconds } = course.end(4_000).timeline
  expect(windowSeconds).toBe(0.5)
  expect(rates.map(Math.round)).toEqual(Array(8).fill(1_000))
  expect(steady).toEqual([2, 8])
})

test('when news of one thread come after later ones of another, then rates are by when it was, not by when it was heard', () => {
  const { course } = courseOf(50)
  made(course, 1, 0, 0)
  made(course, 1, 100, 250)
  made(course, 1, 200, 500)
  made(course, 1, 300, 1_000)
  made(course, 2, 100, 400)
  made(course, 2, 200, 900)

  const { rates } = course.end(500).timeline
  expect(rates.map(Math.round)).toEqual([600, 400])
})

test('when a checkpoint was completed, then it is in the timeline, from when the first record was told', () => {
  const { course } = courseOf(100)
  made(course, 1, 100, 0)
  course.onCheckpoint(BEGIN + 1_500, 40)
  made(course, 1, 200, 2_000)

  expect(course.end(200).timeline.events).toEqual([{ at: 1.5, kind: 'checkpoint', seconds: 0.04 }])
})

test('when a run ends before it is warm, then there is nothing to tell', () => {
  const { course } = courseOf(1_000)
  made(course, 1, 500, 0)

  expect(() => course.end(500)).toThrow('more records are made than warm a run up')
})

function courseOf(warmUp: number): { course: Course; isWarm: () => boolean } {
  let isWarm = false
  const course = new Course(warmUp, () => {
    isWarm = true
  })
  return { course, isWarm: () => isWarm }
}

function made(course: Course, thread: number, records: number, afterMs: number): void {
  course.onNews({ type: 'made', thread, records, at: BEGIN + afterMs })
}
