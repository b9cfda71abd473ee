import { expect, test } from 'vitest'
import { SkippedRecords } from '#src/connector/skipped-records.js'
import { RetakeError } from '#src/kit/errors.js'
import { type LogFields, silentLogger } from '#src/kit/logger.js'

test('when records are skipped, then all are counted, and a line comes for the first few and for each doubling', () => {
  const told: LogFields[] = []
  const skipped = new SkippedRecords({ ...silentLogger, warn: (fields) => void told.push(fields) })
  const reason = new RetakeError('RT1403', {
    what: 'record 3 cannot be decoded',
    why: 'it is no JSON',
    fix: '',
  })
  for (let i = 0; i < 100; i++) skipped.add(reason, `sample ${i}`)

  expect(skipped.count).toBe(100)
  expect(told.map((fields) => fields['skipped'])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64])
  expect(told.at(-1)).toEqual({
    skipped: 64,
    reason: 'RT1403 record 3 cannot be decoded: it is no JSON',
    sample: 'sample 63',
  })
})

test('when the reason shows the sample already, then it is not told twice', () => {
  const told: LogFields[] = []
  const skipped = new SkippedRecords({ ...silentLogger, warn: (fields) => void told.push(fields) })
  skipped.add(new Error('line 7 is no JSON: "{"'), '"{"')
  expect(told).toEqual([{ skipped: 1, reason: 'line 7 is no JSON: "{"' }])
})
