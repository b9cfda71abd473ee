import { type Expected, type ExpectedTable, printedRow } from './expected.js'

/** The tables as somebody reads them: by table their rows, by column their values. A table that is not there is empty. */
export type Committed = ReadonlyMap<string, readonly CommittedRow[]>
export type CommittedRow = Readonly<Record<string, unknown>>

/** What is in the tables and never may be, at no moment: a line for each. */
export function excessOf(expected: Expected, committed: Committed): string[] {
  const unknown = [...committed].filter(([table, rows]) => rows.length > 0 && !expected.has(table))
  return [
    ...unknown.map(([table]) => `${table} is no table of this job`),
    ...[...expected].flatMap(([table, each]) => excessOfTable(table, each, committed.get(table) ?? [])),
  ]
}

/** What the tables still lack in the end: a line for each. */
export function shortfallOf(expected: Expected, committed: Committed): string[] {
  return [...expected].flatMap(([table, each]) => shortfallOfTable(table, each, committed.get(table) ?? []))
}

/**
 * What was in the tables of levels `before` and is not any more: a line for each. Exactly-once tables never go back;
 * others may tell older values of a key again.
 */
export function regressionOf(expected: Expected, before: Committed, after: Committed): string[] {
  return [...expected].flatMap(([table, each]) => {
    if (each.mode === 'append') return []
    const values = valuesOf(after.get(table) ?? [])
    return [...valuesOf(before.get(table) ?? [])].flatMap(([key, value]) => {
      const now = values.get(key)
      if (now === undefined) return [`${table}: the key ${key} was there`]
      const isBack = each.rises ? now < value : now > value
      return isBack && each.guarantee === 'exactly-once'
        ? [`${table}: key ${key} went from ${value} to ${now}`]
        : []
    })
  })
}

function excessOfTable(table: string, expected: ExpectedTable, rows: readonly CommittedRow[]): string[] {
  const { guarantee, isExact } = expected
  if (expected.mode === 'append') {
    return [...countsOf(rows)].flatMap(([row, count]) => {
      const wanted = expected.rows.get(row) ?? 0
      if (wanted === 0) return isExact ? [`${table}: ${row} is of nobody`] : []
      const isTooOften = guarantee === 'exactly-once' && count > wanted
      return isTooOften ? [`${table}: ${row} is there ${count} times, not ${wanted}`] : []
    })
  }
  const values = valuesOf(rows)
  const repeated = values.size < rows.length ? [`${table}: a key has several rows`] : []
  return [
    ...repeated,
    ...[...values].flatMap(([key, value]) => {
      const last = expected.values.get(key)
      if (!(value > 0)) return [`${table}: key ${key} has ${value}`]
      if (!isExact) return []
      if (last === undefined) return [`${table}: key ${key} is of nobody`]
      const isBeyond = expected.rises ? value > last : value < last
      return isBeyond ? [`${table}: key ${key} has ${value}, beyond ${last}`] : []
    }),
  ]
}

function shortfallOfTable(table: string, expected: ExpectedTable, rows: readonly CommittedRow[]): string[] {
  if (expected.mode === 'append') {
    const counts = countsOf(rows)
    return [...expected.rows].flatMap(([row, wanted]) => {
      const count = counts.get(row) ?? 0
      return count < wanted ? [`${table}: ${row} is there ${count} times, not ${wanted}`] : []
    })
  }
  const values = valuesOf(rows)
  return [...expected.values].flatMap(([key, last]) => {
    const value = values.get(key)
    if (value === undefined) return [`${table}: key ${key} is missing, not ${last}`]
    const isBehind = expected.rises ? value < last : value > last
    return isBehind ? [`${table}: key ${key} has ${value}, not ${last}`] : []
  })
}

function countsOf(rows: readonly CommittedRow[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { id, key, value } of rows as readonly { id: unknown; key: unknown; value: unknown }[]) {
    const printed = printedRow({ id, key, value })
    counts.set(printed, (counts.get(printed) ?? 0) + 1)
  }
  return counts
}

/** Numbers, whatever the server makes of integer and bigint. */
function valuesOf(rows: readonly CommittedRow[]): Map<number, number> {
  return new Map(rows.map(({ key, value }) => [Number(key), Number(value)]))
}
