import { expect, test } from 'vitest'
import { didYouMean } from '#src/cli/did-you-mean.js'
import {
  ageText,
  bytesText,
  counted,
  countText,
  durationText,
  percentText,
  rateText,
} from '#src/cli/units.js'

test.each([
  [bytesText(950), '950 B'],
  [bytesText(61 * 1024), '61.0 KB'],
  [bytesText(1_258_291), '1.2 MB'],
  [rateText(0), '0'],
  [rateText(66_120), '66.1k'],
  [rateText(999.7), '1.0k'],
  [rateText(312_000), '312k'],
  [durationText(23.4), '23 ms'],
  [durationText(999.6), '1.0 s'],
  [durationText(1_240), '1.2 s'],
  [durationText(185_000), '3 min 05 s'],
  [ageText(-20), '0s'],
  [ageText(59_999), '59s'],
  [ageText(41 * 60_000), '41m'],
  [ageText(62 * 60_000), '1h 02m'],
  [ageText(74 * 3_600_000), '3d 2h'],
  [percentText(0.614), '61%'],
  [countText(1_000_000), '1,000,000'],
  [counted(1, 'vertex', 'vertices'), '1 vertex'],
  [counted(1_200, 'slot', 'slots'), '1,200 slots'],
])('%s is %s', (is, should) => {
  expect(is).toBe(should)
})

test.each([
  ['plna', 'plan'],
  ['dve', 'dev'],
  ['vers', 'version'],
  ['DEV', 'dev'],
  ['x', undefined],
  ['submit', undefined],
])('when "%s" is typed, then %s was meant', (given, meant) => {
  expect(didYouMean(given, ['dev', 'plan', 'version', 'help'])).toBe(meant)
})
