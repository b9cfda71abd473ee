import { expect, test } from 'vitest'
import {
  figureText,
  figureTitle,
  latencyText,
  perSecondText,
  ratioText,
  spreadText,
} from '../../../bench/suite/figure-text.js'

test.each([
  [0.25, '0.25'],
  [980, '980'],
  [999.6, '1.00k'],
  [12_345, '12.3k'],
  [5_129_211, '5.13M'],
  [99_960_000, '100M'],
  [2.5e10, '25.0G'],
])('when a rate is %d, then it has three digits', (rate, text) => {
  expect(perSecondText(rate)).toBe(text)
})

test.each([
  [0.012_34, '12 µs'],
  [0.4, '400 µs'],
  [1.55, '1.6 ms'],
  [12, '12 ms'],
  [5_100, '5.1 s'],
])('when a latency is %d ms, then it has the unit that fits', (ms, text) => {
  expect(latencyText(ms)).toBe(text)
})

test.each([
  [0.873, '0.87'],
  [18.44, '18.4'],
  [1_204.3, '1,204'],
])('when a ratio is %d, then it is as exact as it can be meant', (ratio, text) => {
  expect(ratioText(ratio)).toBe(text)
})

test('when all values are alike, then there is no spread', () => {
  expect(spreadText({ median: 2, min: 1, max: 3 }, String)).toBe('2 (1–3)')
  expect(spreadText({ median: 2, min: 2, max: 2 }, String)).toBe('2')
})

test.each([
  ['startUpSeconds', 1.23, 'start up', '1.2 s'],
  ['longestStopMs', 17.3, 'longest stop', '17 ms'],
  ['stateBytes', 2_097_152, 'state', '2.0 MB'],
  ['p99 to sink', 0.5, 'p99 to sink', '500 µs'],
  ['frames', 12_345, 'frames', '12,345'],
  ['speedUp', 1.87, 'speed up', '1.87'],
  ['cpuSecondsPerMillion', 0.331, 'cpu s/M', '0.33'],
])('when a figure is %s, then its name tells the unit', (name, value, title, text) => {
  expect([figureTitle(name), figureText(name, value)]).toEqual([title, text])
})
