import { type Expected, type ExpectedTable, expectedOf, printedRow } from './expected.js'
import type { Shape } from './shape.js'
import type { ShapeInput } from './shape-input.js'
import type { Commit } from './simulated-postgres.js'
import type { World } from './world.js'

/** What a table holds, as the judge has seen it come. */
interface Seen {
  /** Appended: how often each row. */
  readonly rows: Map<string, number>
  /** Upserted: the value of each key. */
  readonly values: Map<number, number>
}

/**
 * Compares what is committed with what the input says, at every commit and in the end. It believes nobody: it has its
 * own count of the rows that the database took, and knows nothing of how the job runs.
 */
export class Judge {
  readonly #expected: Expected
  readonly #world: World
  readonly #seen = new Map<string, Seen>()
  #isComplete = false

  constructor(shape: Shape, input: ShapeInput, world: World) {
    this.#expected = expectedOf(shape, input)
    this.#world = world
    for (const table of this.#expected.keys()) this.#seen.set(table, { rows: new Map(), values: new Map() })
  }

  onCommit({ table: qualified, rows }: Commit): void {
    const table = qualified.replace(/^public\./, '')
    const expected = this.#expected.get(table)
    const seen = this.#seen.get(table)
    if (expected === undefined || seen === undefined) return this.#wrong(`rows were written to ${table}`)
    if (rows.length > 0) this.#world.trace.add('oracle', 'hit committed', `${rows.length} rows of ${table}`)
    this.#isComplete = false
    for (const { after } of rows) this.#onRow(table, expected, seen, after)
  }

  #onRow(table: string, expected: ExpectedTable, seen: Seen, row: Readonly<Record<string, unknown>>): void {
    const { id, key, value } = row
    if (expected.mode === 'append') {
      const printed = printedRow({ id, key, value })
      const times = (seen.rows.get(printed) ?? 0) + 1
      seen.rows.set(printed, times)
      const wanted = expected.rows.get(printed) ?? 0
      if (isOnce(expected) && times > wanted)
        this.#wrong(`${table} holds ${times} times what it should hold ${wanted} times: ${printed}`)
      return
    }
    const [of, now] = [Number(key), Number(value)]
    seen.values.set(of, now)
    const last = expected.values.get(of)
    const isBeyond = last === undefined || (expected.rises ? now > last : now < last)
    if (expected.isExact && isBeyond)
      this.#wrong(`${table} has ${now} for key ${of}, and it ends at ${String(last)}`)
  }

  /** All that the input makes is committed. */
  isComplete(): boolean {
    this.#isComplete ||= this.missing() === ''
    return this.#isComplete
  }

  /** What is still to come, in words. */
  missing(): string {
    const missing: string[] = []
    for (const [table, expected] of this.#expected) {
      const seen = this.#seen.get(table)
      if (expected.mode === 'append') {
        for (const [row, times] of expected.rows)
          if ((seen?.rows.get(row) ?? 0) < times) missing.push(`${table}: ${row}`)
      } else {
        for (const [key, value] of expected.values) {
          const now = seen?.values.get(key)
          const isThere =
            now !== undefined &&
            (expected.isExact ? now === value : expected.rises ? now >= value : now <= value)
          if (!isThere) missing.push(`${table}: key ${key} is at ${String(now)}, not yet at ${value}`)
        }
      }
    }
    return missing.length === 0 ? '' : `${missing.length} are missing: ${missing.slice(0, 5).join('; ')}`
  }

  judgeEnd(): void {
    const missing = this.missing()
    if (missing !== '') this.#wrong(missing)
    const { state, postgres } = this.#world
    for (const { run, checkpoint, blob, why } of state.missingParts())
      this.#wrong(`checkpoint ${checkpoint} of ${run} names ${blob}: ${why}`)
    for (const statement of postgres.misunderstood)
      this.#wrong(`a statement was not understood: ${String(statement)}`)
  }

  #wrong(text: string): void {
    this.#world.violation(text)
  }
}

function isOnce({ guarantee, isExact }: ExpectedTable): boolean {
  return guarantee === 'exactly-once' && isExact
}
