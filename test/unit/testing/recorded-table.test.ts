import { expect, test } from 'vitest'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'
import { RecordedTable } from '#src/testing/recorded-table.js'

const RUN = 'run' as RunId

test('when a later attempt has raised the fence, then an earlier one writes nothing, and raises none', () => {
  const table = new RecordedTable()
  expect(table.raiseFence(writer(1))).toBe(true)
  expect(table.write(writer(1), ['a'])).toBe(true)
  expect(table.raiseFence(writer(2))).toBe(true)

  expect(table.write(writer(1), ['b'])).toBe(false)
  expect(table.apply(writer(1), piece(1, 0), ['b'])).toBe('fenced')
  expect(table.raiseFence(writer(1))).toBe(false)
  expect(table.apply(writer(2), piece(1, 0), ['c'])).toBe('applied')
  expect(table.records).toEqual(['a', 'c'])
})

test('when a piece comes again, by whichever attempt, then it is not applied again', () => {
  const table = new RecordedTable()
  table.raiseFence(writer(1))
  table.apply(writer(1), piece(1, 0), ['a'])
  table.apply(writer(1), piece(1, 1), ['b'])
  table.raiseFence(writer(2))
  expect(table.apply(writer(2), piece(1, 0), ['a'])).toBe('already-applied')
  expect(table.apply(writer(2), piece(1, 1), ['b'])).toBe('already-applied')
  expect(table.apply(writer(2), piece(2, 0), ['c'])).toBe('applied')
  expect(table.apply(writer(2), piece(1, 0, 7), ['d'])).toBe('applied')
  expect(table.records).toEqual(['a', 'b', 'c', 'd'])
})

test('when its contents go into another one, then that has applied the same pieces, and both go on alone', () => {
  const table = new RecordedTable()
  table.raiseFence(writer(1))
  table.apply(writer(1), piece(1, 0), [{ n: 1 }])
  const copy = new RecordedTable(structuredClone(table.contents()))
  copy.raiseFence(writer(1))
  expect(copy.apply(writer(1), piece(1, 0), [{ n: 1 }])).toBe('already-applied')
  copy.write(writer(1), [{ n: 2 }])
  expect(table.records).toEqual([{ n: 1 }])
  expect(copy.records).toEqual([{ n: 1 }, { n: 2 }])
  expect(copy.records.every(Object.isFrozen)).toBe(true)
})

function writer(attempt: number) {
  return { run: RUN, attempt: attempt as Attempt }
}

function piece(checkpoint: number, number: number, owner = 0) {
  return { run: RUN, owner, checkpoint: checkpoint as CheckpointId, number }
}
