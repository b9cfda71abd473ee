import { RetakeError } from '../kit/errors.js'
import type { RecordedTable } from './recorded-table.js'

/** What a sink has written, as whoever reads its table sees it. The records are frozen. */
export interface RecordedSink<Row> {
  /**
   * All records, in the order in which they were written. Those of an exactly-once sink are there when their checkpoint is
   * complete, once each; those of an at-least-once sink as they come, and again after a crash.
   */
  committed(): Row[]
  /** Of a sink with a key (an upsert): the last record of each key, sorted by key. Throws RT1801 for a sink without. */
  rows(): Row[]
}

/** @param where `file:line` of the test's call */
export function recordedRows(
  sink: string,
  table: RecordedTable,
  keyFields: readonly string[] | undefined,
  where: string,
): RecordedSink<unknown> {
  return {
    committed: () => [...table.records],
    rows: () => {
      if (keyFields === undefined) throw withoutKey(sink, where)
      return lastOfEachKey(table.records, keyFields)
    },
  }
}

function lastOfEachKey(records: readonly unknown[], keyFields: readonly string[]): unknown[] {
  const rows = new Map<string, { readonly key: readonly unknown[]; readonly record: unknown }>()
  for (const record of records) {
    const key = keyFields.map((field) => (record as Readonly<Record<string, unknown>>)[field])
    rows.set(key.map((part) => `${typeof part} ${String(part)}`).join('\0'), { key, record })
  }
  return [...rows.values()].sort((a, b) => compared(a.key, b.key)).map(({ record }) => record)
}

function compared(a: readonly unknown[], b: readonly unknown[]): number {
  for (const [index, part] of a.entries()) {
    const [one, other] = [part as string | number, b[index] as string | number]
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}

function withoutKey(sink: string, where: string): RetakeError {
  return new RetakeError('RT1801', {
    what: `the rows of sink ${JSON.stringify(sink)} were asked for`,
    why: 'it has no key: each record is a row of its own',
    fix: 'ask for committed()',
    where,
  })
}
