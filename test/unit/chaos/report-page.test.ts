import { expect, test } from 'vitest'
import { reportPage } from '../../chaos/report-page.js'
import { faultOf, reportOf } from './found.js'

test('when a run was exact, then the page says so first, and how to repeat it, on what', () => {
  const page = reportPage(reportOf(), 'chaos.svg')

  expect(page.split('\n')[0]).toBe('# 1 minute of chaos: exact')
  expect(page).toContain('45,000 clicks of 9,000 users')
  expect(page).toContain('`npm run chaos -- --minutes 1 --seed 1`')
  expect(page).toContain('commit abcdef012345')
  expect(page).toContain('| seed | 1 |')
  expect(page).toContain('2 × a processor, 8 GB, Linux 6.1, Node v20.19.0')
  expect(page).toContain('](chaos.svg)')
})

test('when a run was not exact, then the page says so, and there is no page of good news', () => {
  const { verdict } = reportOf()
  const page = reportPage(reportOf({ verdict: { ...verdict, isExact: false, repeated: 4 } }), undefined)

  expect(page.split('\n')[0]).toBe('# 1 minute of chaos: NOT exact')
  expect(page).toContain('4 repeated')
  expect(page).not.toContain('![')
})

test('when kinds are told of, then with median, 95 % and worst in seconds', () => {
  const page = reportPage(reportOf(), undefined)

  expect(page).toContain(
    '| a task manager is killed | 2 | 2 | 0.6 / 0.6 / 0.6 | 1.5 / 1.5 / 1.5 | 2 / 4 / 4 |',
  )
  expect(page).toContain('| PostgreSQL is restarted | 1 | 0 | never | never | 2 / 2 / 2 |')
})

test('when a fault was not got over, then its line says why', () => {
  const page = reportPage(
    reportOf({ faults: [faultOf(1, { problem: 'waited in vain', sign: 'a | b' })] }),
    undefined,
  )

  expect(page).toContain('| waited in vain |')
  expect(page).toContain('a \\| b')
})

test('when faults are left out, then the page says which and why', () => {
  const page = reportPage(reportOf({ leftOut: [{ kind: 'a cut', why: 'only root may' }] }), undefined)

  expect(page).toContain('Left out: a cut (only root may).')
})

test('when something was found broken under load alone, then the page names it', () => {
  const control = { durationMs: 15_000, checkpoints: 15, falseVerdicts: ['tm-1 is gone'] }

  expect(reportPage(reportOf({ control }), undefined)).toContain('found broken: tm-1 is gone')
  expect(reportPage(reportOf(), undefined)).toContain('nothing was found broken')
})
