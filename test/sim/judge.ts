import { decodeManifest } from '#src/checkpoint/manifest-codec.js'
import type { Part } from '#src/state/snapshot.js'
import { type Expected, expectedOf } from './expected.js'
import { manifestFaults } from './manifest-rules.js'
import type { Shape } from './shape.js'
import type { ShapeInput } from './shape-input.js'
import type { AnswerRow, Commit } from './simulated-postgres.js'
import { excessOf, regressionOf, shortfallOf } from './verdict.js'
import type { World } from './world.js'

/**
 * Compares what is committed with what the input says, on the way and in the end. It believes nobody: it has its own
 * copy of the rows that the database took, and knows nothing of how the job runs.
 */
export class Judge {
  readonly #expected: Expected
  readonly #world: World
  /** By table: the rows by number where they are appended, by key where they are upserted. */
  readonly #tables = new Map<string, Map<unknown, AnswerRow>>()
  /** Something was committed since it was last looked at. */
  #isDirty = true
  #shortfall: readonly string[] = []

  constructor(shape: Shape, input: ShapeInput, world: World) {
    this.#expected = expectedOf(shape, input)
    this.#world = world
  }

  onCommit({ table: qualified, rows }: Commit): void {
    if (rows.length === 0) return
    const name = qualified.replace(/^public\./, '')
    const table = this.#tables.get(name) ?? new Map<unknown, AnswerRow>()
    this.#tables.set(name, table)
    const isKeyed = this.#expected.get(name)?.mode === 'upsert'
    for (const { after } of rows) table.set(isKeyed ? after.key : table.size, after)
    this.#isDirty = true
    this.#world.trace.add('oracle', 'hit committed', `${rows.length} rows of ${name}`)
    const before = rows.flatMap((row): AnswerRow[] => (row.before === undefined ? [] : [row.before]))
    if (before.length === 0) return
    const after = rows.map((row) => row.after)
    this.#wrong(regressionOf(this.#expected, new Map([[name, before]]), new Map([[name, after]])))
  }

  /** The log has decided that a checkpoint is complete. */
  onDecided(part: Part): void {
    this.#wrong(manifestFaults(decodeManifest(this.#world.memory.blobs.get(part), part.blob)))
  }

  /** Nothing may be there that never may be. */
  look(): void {
    if (!this.#isDirty) return
    this.#isDirty = false
    const committed = new Map([...this.#tables].map(([name, table]) => [name, [...table.values()]]))
    this.#wrong(excessOf(this.#expected, committed))
    this.#shortfall = shortfallOf(this.#expected, committed)
  }

  /** All that the input makes is committed. */
  isComplete(): boolean {
    this.look()
    return this.#shortfall.length === 0
  }

  /** What is still to come, in words. */
  missing(): string {
    this.look()
    return `${this.#shortfall.length} are missing: ${this.#shortfall.slice(0, 5).join('; ')}`
  }

  judgeEnd(): void {
    if (!this.isComplete()) this.#wrong([this.missing()])
    const { state, postgres } = this.#world
    this.#wrong(
      state
        .missingParts()
        .map(({ run, checkpoint, blob, why }) => `checkpoint ${checkpoint} of ${run} names ${blob}: ${why}`),
    )
    this.#wrong(postgres.misunderstood.map((error) => `a statement was not understood: ${String(error)}`))
  }

  #wrong(texts: readonly string[]): void {
    for (const text of texts.slice(0, 5)) this.#world.violation(text)
  }
}
