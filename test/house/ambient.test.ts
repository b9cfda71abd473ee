import { expect, test } from 'vitest'
import { ambientViolations } from './ambient-rules.js'
import { moduleOf, readHouse } from './source-module.js'

test('when the house is read, then clocks, timers and dice stand in their owner files alone', () => {
  expect(readHouse().flatMap(ambientViolations)).toEqual([])
})

test.each([
  ['Date.now()', 'Date.now'],
  ['const later = new Date()', 'new Date()'],
  ['const then = new Date(5)', undefined],
  ['setTimeout(() => {}, 5)', 'setTimeout'],
  ['const after = globalThis.setTimeout', 'setTimeout'],
  ['clock.setTimeout(5)', undefined],
  ['const own = { setTimeout: 5 }', undefined],
  ['const own = { setTimeout }', 'setTimeout'],
  ['const dice = [1].map(Math.random)', 'Math.random'],
  [`import { setTimeout as pause } from 'node:timers/promises'`, 'node:timers/promises'],
  ['// Date.now() is not for us', undefined],
  [`const text = 'Math.random()'`, undefined],
])('when a file says %s, then %s is found', (text, found) => {
  const names = ambientViolations(moduleOf('src/operator/map.ts', text)).map(
    (line) => / uses (.*): only/.exec(line)?.[1],
  )
  expect([...new Set(names)].filter((name) => name === found || found === undefined)).toEqual(
    found ? [found] : [],
  )
})

test('when the owner reads the clock, then nobody minds', () => {
  expect(ambientViolations(moduleOf('src/kit/clock.ts', 'export const now = () => Date.now()'))).toEqual([])
})
