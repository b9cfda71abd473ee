import { expect, test } from 'vitest'
import type { LogEntry, LogEvent } from '#src/cluster/log-entry.js'
import { decodeLogEntry, encodeLogEntry } from '#src/cluster/log-entry-codec.js'
import { entriesOf, on, STARTED } from './fixtures.js'

/** As it is read back. */
const again = (entry: LogEntry) => decodeLogEntry(encodeLogEntry(entry), entry.place, 'the log')

test('when entries are written and read, then they say what they said', () => {
  const events = [...STARTED, on.completed(1, 1, 5), on.released(1, 0), on.cancelling(1), on.ended(1)]
  for (const entry of entriesOf(...events)) expect(again(entry)).toEqual(entry)
})

test('when an entry is of a version that knew of no cancels, then it is read, and nothing is to be canceled', () => {
  const before = `{"place":2,"nonce":"n2","previous":"n1","event":{"type":"leads","epoch":1,"node":"node1"},
    "after":{"run":"run1","job":"click-count","epoch":1,"attempt":0,"retained":[]}}`
  const entry = decodeLogEntry(new TextEncoder().encode(before), 2, 'the log')
  expect(entry.after.isCancelling).toBeUndefined()
})

test('when an entry tells of what only a later version knows, then that is said', () => {
  const [first, second] = entriesOf(on.submitted(), on.leads(1)) as [LogEntry, LogEntry]
  expect(first.place).toBe(1)
  for (const type of ['rescaled', 'toString']) {
    const later = { ...second, event: { type, epoch: 1 } as object as LogEvent }
    expect(() => again(later)).toThrow(
      expect.objectContaining({ code: 'RT1306', message: expect.stringContaining(`entry 2`) }),
    )
    expect(() => again(later)).toThrow('a newer Retake')
  }
})
