import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { decodeManifest } from '#src/checkpoint/manifest-codec.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Part } from '#src/state/snapshot.js'
import { type Expected, expectedOf } from './expected.js'
import { manifestFaults } from './manifest-rules.js'
import type { Shape } from './shape.js'
import type { ShapeInput } from './shape-input.js'
import type { AnswerRow, Commit } from './simulated-postgres.js'
import { excessOf, regressionOf, shortfallOf } from './table-rules.js'
import { USER_FAULT, type World } from './world.js'

/** The cause of a failure of which the faults are guilty, and which bears no code. */
const FAULTS_OF_OURS = [USER_FAULT, 'the thread crashed']
/** A part that is missing, a sink that is ahead, a damaged log, lost offsets, damaged bytes, a run that was replaced. */
const NEVER: ReadonlySet<string> = new Set(['RT1203', 'RT1214', 'RT1306', 'RT1402', 'RT1408', 'RT1451'])
/** After this nothing may still suffer from what went wrong. */
const STALE_MS = 15_000
/** A checkpoint may take this long. */
const HASTY_MS = 3_000

/**
 * Compares what is committed with what the input says, on the way and in the end. It believes nobody: it has its own
 * copy of the rows that the database took, and knows nothing of how the job runs.
 */
export class Judge {
  readonly #expected: Expected
  readonly #world: World
  /** By table: the rows by number where they are appended, by key where they are upserted. */
  readonly #tables = new Map<string, Map<unknown, AnswerRow>>()
  /** Who wrote a key last, by table and key. */
  readonly #writers = new Map<string, string>()
  /** Something was committed since it was last looked at. */
  #isDirty = true
  #shortfall: readonly string[] = []

  constructor(shape: Shape, input: ShapeInput, world: World) {
    this.#expected = expectedOf(shape, input)
    this.#world = world
  }

  onCommit({ table: qualified, rows, run, sink, token }: Commit): void {
    if (rows.length === 0) return
    const fence = this.#world.postgres.fence(run, sink)
    if (fence !== undefined && BigInt(token) < fence)
      this.#wrong([`attempt ${token} of ${run} wrote to ${qualified}, though ${fence} had begun to`])
    const name = qualified.replace(/^public\./, '')
    const table = this.#tables.get(name) ?? new Map<unknown, AnswerRow>()
    this.#tables.set(name, table)
    const isKeyed = this.#expected.get(name)?.mode === 'upsert'
    for (const { after } of rows) table.set(isKeyed ? after.key : table.size, after)
    this.#isDirty = true
    this.#checkOrder(name, `${run} ${token}`, rows)
    this.#world.trace.add('oracle', 'hit committed', `${rows.length} rows of ${name}`)
    const before = rows.flatMap((row): AnswerRow[] => (row.before === undefined ? [] : [row.before]))
    if (before.length === 0) return
    const after = rows.map((row) => row.after)
    this.#wrong(regressionOf(this.#expected, new Map([[name, before]]), new Map([[name, after]])))
  }

  /** What one attempt writes of a key comes in order, at-least-once too: only another one may tell older values again. */
  #checkOrder(name: string, writer: string, rows: Commit['rows']): void {
    const expected = this.#expected.get(name)
    if (expected?.mode !== 'upsert') return
    for (const { before, after } of rows) {
      const key = `${name} ${String(after.key)}`
      const isSame = this.#writers.get(key) === writer
      this.#writers.set(key, writer)
      if (!isSame || before === undefined) continue
      const [was, is] = [Number(before.value), Number(after.value)]
      if (expected.rises ? is < was : is > was)
        this.#wrong([`${writer} wrote ${is} after ${was} for key ${String(after.key)} of ${name}`])
    }
  }

  /** The log has decided that a checkpoint is complete. */
  onDecided(part: Part): void {
    this.#wrong(manifestFaults(decodeManifest(this.#world.memory.blobs.get(part), part.blob)))
  }

  /**
   * What a job fails for has a name, or is what a fault has made of it; anything else is a bug of ours.
   *
   * @param calmMs for how long nothing has gone wrong any more
   */
  onFailure(error: ErrorInfo, calmMs: number): void {
    const text = `${error.name} ${error.message} ${error.cause?.message ?? ''}`
    const isNamed = error.code !== undefined || FAULTS_OF_OURS.some((fault) => text.includes(fault))
    if (!isNamed || NEVER.has(error.code ?? '') || text.includes('InvariantError'))
      this.#wrong([`a job failed for what must not happen: ${text} ${error.stack ?? ''}`])
    if (calmMs > STALE_MS) this.#wrong([`a job failed though nothing goes wrong any more: ${text}`])
  }

  /** One that expires, and was not hasty, has waited for something that nothing else would have cured. */
  onCheckpoint({ checkpoint, failure, durationMs }: CheckpointRecord, calmMs: number): void {
    if (failure?.code === 'RT1304' && calmMs > STALE_MS && durationMs > HASTY_MS)
      this.#wrong([`checkpoint ${checkpoint} expired though nothing goes wrong any more`])
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

  /** Once nothing goes wrong any more, one machine leads: it is found by its name, and holds the lease. */
  judgeLeadership(): void {
    const { state, violations } = this.#world
    const leaders = this.#world.leaders()
    const holder = state.memory.lease.read()?.holder
    const isLed = leaders.length === 1 && leaders[0]?.systems().some((system) => system === holder?.system)
    if (!isLed && violations.length === 0) this.#wrong([this.leadership()])
  }

  /** Who leads, in words. */
  leadership(): string {
    const { state } = this.#world
    const names = this.#world.leaders().map(({ name }) => name)
    return `found as leaders are: ${names.join(' ') || 'none'}; the lease has ${state.memory.lease.read()?.holder.name ?? 'nobody'}`
  }

  judgeEnd(): void {
    if (!this.isComplete()) this.#wrong([this.missing()])
    const { state, postgres } = this.#world
    for (const [name, table] of this.#tables) {
      const rows = postgres.table(name).length
      if (rows !== table.size) this.#wrong([`${name} has ${rows} rows, and ${table.size} were committed`])
    }
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
