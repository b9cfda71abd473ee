import { expect, test } from 'vitest'
import {
  joined,
  NO_HISTORY,
  type RunHistory,
  withAttempt,
  withCheckpoint,
  withEnd,
  withFailure,
} from '#src/cluster/run-history.js'
import { decodeRunHistory, encodeRunHistory } from '#src/cluster/run-history-codec.js'
import { LIMITS } from '#src/kit/limits.js'
import { attemptOf, checkpointOf, endOf, failureOf } from './history-fixtures.js'

const LONG = 'x'.repeat(LIMITS.historyTextChars + 1)

test('when an attempt starts and ends, then it is the newest, with the first reason that was given', () => {
  const first = withEnd(
    withAttempt(NO_HISTORY, attemptOf(1, 5)),
    attemptOf(1),
    endOf('failed', 7, 'it broke'),
  )
  const both = withAttempt(first, attemptOf(2, 9))
  expect(both.attempts).toEqual([attemptOf(2, 9), attemptOf(1, 5, endOf('failed', 7, 'it broke'))])
  expect(withEnd(both, attemptOf(1), endOf('canceled', 10)), 'it had ended already').toBe(both)
  expect(withAttempt(both, attemptOf(2, 11)), 'it has started already').toBe(both)
})

test('when an attempt goes on whose end was seen coming, then it has not ended', () => {
  const doomed = withEnd(withAttempt(NO_HISTORY, attemptOf(1, 5)), attemptOf(1), endOf('failed'))
  expect(withAttempt(doomed, attemptOf(1)).attempts).toEqual([attemptOf(1, 5)])
})

test('when the end of an attempt is seen whose start was not, then it is there, without the time of its start', () => {
  const { attempts } = withEnd(NO_HISTORY, attemptOf(3), endOf('given-up', 7, 'not all is left'))
  expect(attempts).toEqual([attemptOf(3, undefined, endOf('given-up', 7, 'not all is left'))])
})

test('when more happens than is kept, then the newest of each kind is', () => {
  let history = NO_HISTORY
  for (let i = 1; i <= 200; i++) {
    history = withAttempt(history, attemptOf(i, i))
    history = withFailure(history, failureOf(`failure ${i}`))
    history = withCheckpoint(history, checkpointOf(i))
  }
  for (const one of [history, joined(history, NO_HISTORY), joined(NO_HISTORY, history)]) {
    expect(one.attempts.map(({ attempt }) => attempt)).toEqual(newest(LIMITS.attemptRecords))
    expect(one.checkpoints.map(({ checkpoint }) => checkpoint)).toEqual(newest(LIMITS.checkpointRecords))
    expect(one.failures[0]?.error.message).toBe('failure 200')
    expect(one.failures).toHaveLength(LIMITS.failureRecords)
  }
  const fresh = { attempts: [attemptOf(201)], checkpoints: [checkpointOf(201)], failures: [failureOf('new')] }
  const both = joined(history, fresh)
  expect([both.attempts.length, both.checkpoints.length, both.failures.length]).toEqual([
    LIMITS.attemptRecords,
    LIMITS.checkpointRecords,
    LIMITS.failureRecords,
  ])
  expect([both.attempts[0], both.checkpoints[0], both.failures[0]]).toEqual([
    attemptOf(201),
    checkpointOf(201),
    failureOf('new'),
  ])
})

test('when another leads, then what it knows of an attempt adds to what the one before it knew', () => {
  const failed = endOf('failed', 7, 'it broke')
  const earlier = historyOf(attemptOf(3, 30), attemptOf(2, 20, failed), attemptOf(1, 10))
  const givenUp = endOf('given-up', 40)
  const later = historyOf(
    attemptOf(4, 50),
    attemptOf(3, undefined, givenUp),
    attemptOf(2, undefined, givenUp),
  )
  expect(joined(earlier, later).attempts).toEqual([
    attemptOf(4, 50),
    attemptOf(3, 30, givenUp),
    attemptOf(2, 20, failed),
    attemptOf(1, 10),
  ])
  expect(joined(historyOf(attemptOf(2, 20, failed)), historyOf(attemptOf(2))).attempts, 'it goes on').toEqual(
    [attemptOf(2, 20)],
  )
})

test('when an error is kept, then without its stack, and its texts are cut', () => {
  const error = {
    name: 'Error',
    message: LONG,
    what: LONG,
    stack: 'at a',
    cause: { name: 'E', message: LONG },
  }
  const [failure] = withFailure(NO_HISTORY, { ...failureOf(''), error }).failures
  const [checkpoint] = withCheckpoint(NO_HISTORY, checkpointOf(1, { failure: error })).checkpoints
  for (const kept of [failure?.error, checkpoint?.failure]) {
    expect([kept?.message, kept?.what, kept?.cause?.message].map((text) => text?.length)).toEqual([
      LIMITS.historyTextChars,
      LIMITS.historyTextChars,
      LIMITS.historyTextChars,
    ])
    expect(JSON.stringify(kept)).not.toContain('at a')
  }
  const { attempts } = withEnd(NO_HISTORY, attemptOf(1), endOf('failed', 1, LONG))
  expect(attempts[0]?.ended?.reason).toHaveLength(LIMITS.historyTextChars)
})

const WHOLE: RunHistory = {
  attempts: [attemptOf(2), attemptOf(1, 10, endOf('failed', 7, 'it broke'))],
  checkpoints: [
    checkpointOf(2, { state: 'failed', slowest: undefined, failure: failureOf('x').error }),
    checkpointOf(1),
  ],
  failures: [failureOf('it broke')],
}

test('when a history is encoded, then it is decoded as it was', () => {
  expect(decodeRunHistory(encodeRunHistory(WHOLE))).toEqual(WHOLE)
  expect(decodeRunHistory(encodeRunHistory(NO_HISTORY))).toEqual(NO_HISTORY)
})

test.each([
  ['cut off', (text: string) => text.slice(0, -3)],
  ['empty', () => ''],
  ['null', () => 'null'],
  ['a list', () => '[]'],
  ['of another version', (text: string) => text.replace('"version":1', '"version":2')],
  ['without its attempts', (text: string) => text.replace('"attempts"', '"a"')],
  ['with an attempt that is none', (text: string) => text.replace('"from":20', '"from":"20"')],
  ['with an end that is none', (text: string) => text.replace('"how":"failed"', '"how":5')],
  ['with a checkpoint that is none', (text: string) => text.replace('"subtasks":4', '"subtasks":null')],
  ['with a failure that is none', (text: string) => text.replace(/"failures":\[.*\]/, '"failures":[{}]')],
])('when a document is %s, then it is no history', (_, damage) => {
  const text = new TextDecoder().decode(encodeRunHistory(WHOLE))
  const damaged = damage(text)
  expect(damaged).not.toBe(text)
  expect(decodeRunHistory(new TextEncoder().encode(damaged))).toBeUndefined()
})

test('when a document has a byte that is no text, then it is no history', () => {
  const bytes = encodeRunHistory(WHOLE)
  bytes[new TextDecoder().decode(bytes).indexOf('broke')] = 0xff
  expect(decodeRunHistory(bytes)).toBeUndefined()
})

function historyOf(...attempts: RunHistory['attempts']): RunHistory {
  return { ...NO_HISTORY, attempts }
}

function newest(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 200 - index)
}
