import { expect, test } from 'vitest'
import { Tally } from '../../../bench/suite/tally.js'
import { benchmarkOf } from './made-up.js'

const absent = [{ name: 'retake', why: 'no nats-server' }]

test('when none of its contenders can be had, then a benchmark is skipped, where servers may be missing', () => {
  expect(linesOf(false)).toEqual(['skipped made-up: retake: no nats-server', '0 passed, 0 failed, 1 skipped'])
})

test('when none of its contenders can be had, then that is a failure, where servers are required', () => {
  expect(linesOf(true)).toEqual([
    'failed made-up: none of its contenders can be had',
    'skipped made-up: retake: no nats-server',
    '0 passed, 1 failed, 1 skipped',
  ])
})

test('when a target has no floor, then it is not counted, met or not', () => {
  const target = { target: 'it is fast', aim: 2, found: { median: 1, min: 1, max: 1 }, isMet: false }
  const tally = new Tally(false)
  const targets = [target, { ...target, floor: 1, isKept: true }]
  tally.count({ kind: 'measured', report: benchmarkOf({ targets }), seconds: 1 })

  // The benchmark, and the floor.
  expect(tally.lines()).toEqual(['2 passed, 0 failed, 0 skipped'])
})

test('when promises of another kind are counted, then each by itself', () => {
  const tally = new Tally(false)
  tally.countVerdict({ promise: 'it stays small', isKept: true, found: '1' })
  tally.countVerdict({ promise: 'it does not grow', isKept: false, found: '1 → 2' })

  expect(tally.hasFailed).toBe(true)
  expect(tally.lines()).toEqual(['failed it does not grow: 1 → 2', '1 passed, 1 failed, 0 skipped'])
})

function linesOf(areServersRequired: boolean): readonly string[] {
  const tally = new Tally(areServersRequired)
  tally.count({ kind: 'measured', report: benchmarkOf({ contenders: [], absent }), seconds: 1 })
  return tally.lines()
}
