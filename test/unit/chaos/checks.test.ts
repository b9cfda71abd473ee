import { expect, test } from 'vitest'
import { checksOf } from '../../chaos/checks.js'
import { faultOf, reportOf } from './found.js'

const outcomes = (report = reportOf()) => checksOf(report).map(({ outcome }) => outcome)

test('when all went well, then peace, each kind and exactness have passed', () => {
  expect(outcomes()).toEqual(['passed', 'passed', 'passed', 'passed'])
})

test('when something was found broken under load alone, then that has failed, and says what', () => {
  const control = { durationMs: 15_000, checkpoints: 15, falseVerdicts: ['tm-1 is gone'] }
  const [peace, ...others] = checksOf(reportOf({ control }))

  expect(peace).toEqual({ what: 'the control phase: tm-1 is gone', outcome: 'failed' })
  expect(others.every(({ outcome }) => outcome === 'passed')).toBe(true)
})

test('when one fault of a kind was not got over, then that kind has failed', () => {
  const faults = [faultOf(1, { problem: 'waited in vain' }), faultOf(2)]
  const failed = checksOf(reportOf({ faults })).filter(({ outcome }) => outcome === 'failed')

  expect(failed).toEqual([{ what: 'a task manager is killed: waited in vain', outcome: 'failed' }])
})

test('when a row is lost, then exactness has failed, and says how many', () => {
  const { verdict } = reportOf()
  const last = checksOf(reportOf({ verdict: { ...verdict, isExact: false, missing: 3 } })).at(-1)

  expect(last?.outcome).toBe('failed')
  expect(last?.what).toContain('3 rows missing')
})

test('when a kind cannot be had here, then it is skipped, with the reason', () => {
  const last = checksOf(reportOf({ leftOut: [{ kind: 'a cut', why: 'only root may' }] })).at(-1)

  expect(last).toEqual({ what: 'a cut: only root may', outcome: 'skipped' })
})
