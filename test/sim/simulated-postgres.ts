import type { DatabaseClient } from '#src/connector/postgres/database-client.js'
import { PostgresFault } from '#src/connector/postgres/postgres-fault.js'
import { assert } from '#src/kit/assert.js'
import type { Random } from '#src/kit/random.js'
import type { VirtualClock } from '#src/kit/virtual-clock.js'
import { catalogAnswer } from './postgres-catalog.js'
import { refusal } from './postgres-refusal.js'
import { SimulatedPostgresClient } from './simulated-postgres-client.js'
import { type PieceClaim, type SinkStatement, sinkStatementOf, type Verdict } from './sink-statement.js'
import { NOTHING, SqlDatabase } from './sql-database.js'
import type { Outcome } from './sql-execution.js'
import { parseSql } from './sql-parser.js'
import type { Statement } from './sql-syntax.js'
import { handedOutRow } from './sql-value.js'
import type { Trace } from './trace.js'
import { type Caller, Wire } from './wire.js'

/** A row as `pg` gives it: a bigint is text. */
export type AnswerRow = Readonly<Record<string, unknown>>

/** What one statement of a sink has made true of its table: told once, at the moment from which it is true. */
export interface Commit {
  /** `schema.table` */
  readonly table: string
  /** Who wrote, as the statement says. */
  readonly run: string
  readonly sink: string
  readonly token: number
  /** Of an exactly-once sink: which piece, as the statement says. */
  readonly piece: PieceClaim | undefined
  /** In the order in which they were written; `before` is what an upsert replaced. */
  readonly rows: readonly { readonly before: AnswerRow | undefined; readonly after: AnswerRow }[]
  /** Whoever sent it had given it up, or was dead. */
  readonly isLate: boolean
}

export interface SimulatedPostgresOptions {
  readonly clock: VirtualClock
  readonly random: Random
  readonly trace: Trace
  /** Hears of every commit. Must not throw: the sink would take that for its answer. */
  readonly onCommit?: (commit: Commit) => void
}

/**
 * PostgreSQL, as far as Retake's sink can tell: tables, fences and ledgers in memory, behind a wire that loses requests
 * and answers. What a statement does follows from its text, so that a wrong statement does wrong here too.
 *
 * A statement is carried out whole, at one instant: nobody waits for a lock, and a raise finds no writer inside. What
 * locks are for is shown in the contract tests, with the real server.
 */
export class SimulatedPostgres {
  readonly wire: Wire
  /** How often what happened, late statements included; `late` counts those once more. */
  readonly counts: Record<Verdict | 'late', number> = {
    applied: 0,
    'already-applied': 0,
    written: 0,
    fenced: 0,
    raised: 0,
    'not-raised': 0,
    late: 0,
  }
  /** What was thrown for statements that this server cannot judge: a world that has any here has shown nothing. */
  readonly misunderstood: unknown[] = []
  readonly #database = new SqlDatabase()
  readonly #random: Random
  readonly #trace: Trace
  readonly #onCommit: ((commit: Commit) => void) | undefined
  readonly #parsed = new Map<string, readonly Statement[]>()
  #transientShare = 0

  constructor({ clock, random, trace, onCommit }: SimulatedPostgresOptions) {
    this.wire = new Wire(clock, random)
    this.#random = random
    this.#trace = trace
    this.#onCommit = onCommit
  }

  /** What one sink subtask of `caller` connects with; `postgresSinkOver` takes it. */
  client(caller: Caller): DatabaseClient {
    return new SimulatedPostgresClient(this, caller, this.#random)
  }

  /** From now on that share of the statements fails for a passing reason, having done nothing. */
  refuseTransiently(share: number): void {
    this.#transientShare = share
  }

  /** What an administrator does at the server itself: at once, and told nobody. */
  query(text: string, values: readonly unknown[] = []): AnswerRow[] {
    return this.#run(text, values, () => {})
  }

  /** Its rows as they are now, in the order in which they came. `name` may have its schema in front. */
  table(name: string): AnswerRow[] {
    const table = this.#database.table(name.includes('.') ? name : `public.${name}`)
    assert(table !== undefined, 'there is no such table', { name })
    return table.rows.map(handedOutRow)
  }

  /** The token at which a fence stands; undefined when it was never raised. */
  fence(run: string, sink: string, schema = 'public'): bigint | undefined {
    const fences = this.#database.table(`${schema}.retake_fence`)?.rows ?? []
    const token = fences.find((fence) => fence['run'] === run && fence['sink'] === sink)?.['token']
    return token as bigint | undefined
  }

  /** A statement has arrived. `isLate` when nobody waits for its answer any more. Throws a PostgresFault. */
  carryOut(text: string, values: readonly unknown[], from: string, isLate: boolean): AnswerRow[] {
    try {
      if (this.#transientShare > 0 && this.#random.next() < this.#transientShare) {
        throw refusal('40001', 'could not serialize access')
      }
      return this.#run(text, values, (statement, outcome) => {
        const done = statement?.kind === 'query' ? sinkStatementOf(statement, values, outcome) : undefined
        if (done === undefined) this.#trace.add('db', 'db read', from)
        else this.#tell(done, from, isLate)
      })
    } catch (error) {
      if (error instanceof PostgresFault) this.#trace.add('db', `db ${error.kind}`, `${from} ${error.code}`)
      else this.misunderstood.push(error)
      throw error
    }
  }

  #run(
    text: string,
    values: readonly unknown[],
    onDone: (statement: Statement | undefined, outcome: Outcome) => void,
  ): AnswerRow[] {
    const catalog = catalogAnswer(this.#database, text, values)
    if (catalog !== undefined) {
      onDone(undefined, NOTHING)
      return catalog
    }
    let rows: AnswerRow[] = []
    for (const statement of this.#statementsOf(text)) {
      const outcome = this.#database.run(statement, values)
      onDone(statement, outcome)
      rows = outcome.rows.map(handedOutRow)
    }
    return rows
  }

  /** Parsed once: a sink sends the same text again and again. */
  #statementsOf(text: string): readonly Statement[] {
    const statements = this.#parsed.get(text) ?? parseSql(text)
    this.#parsed.set(text, statements)
    return statements
  }

  #tell(done: SinkStatement, from: string, isLate: boolean): void {
    const { verdict } = done
    this.counts[verdict]++
    if (isLate) this.counts.late++
    const about = this.#trace.isRead ? `${from} ${aboutOf(done)}` : ''
    if (isLate) this.#trace.add('db', 'db late', `${verdict} ${about}`)
    else this.#trace.add('db', `db ${verdict}`, about)
    if (verdict === 'applied' || verdict === 'written') this.#onCommit?.(commitOf(done, isLate))
  }
}

function aboutOf({ table, run, sink, token, piece, rows }: SinkStatement): string {
  const writer = `${table} ${run}/${sink}@${token}`
  const name =
    piece === undefined ? '' : ` piece ${piece.run}/${piece.subtask}/${piece.checkpoint}/${piece.number}`
  return `${writer}${name}${rows.length === 0 ? '' : ` ${rows.length} rows`}`
}

function commitOf({ table, run, sink, token, piece, rows }: SinkStatement, isLate: boolean): Commit {
  const changes = rows.map(({ before, after }) => ({
    before: before === undefined ? undefined : handedOutRow(before),
    after: handedOutRow(after),
  }))
  return { table, run, sink, token: Number(token), piece, rows: changes, isLate }
}
