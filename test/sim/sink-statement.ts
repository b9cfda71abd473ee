import type { Outcome } from './sql-execution.js'
import type { Query } from './sql-syntax.js'
import type { RowChange } from './sql-table.js'

/** A piece by its name. */
export interface PieceClaim {
  readonly run: string
  readonly subtask: number
  readonly checkpoint: number
  readonly number: number
}

/**
 * What came of a sink's statement:
 *
 *     applied           a piece's rows are in the table, or its place in the ledger is taken
 *     already-applied   the piece changed nothing, and its writer held the fence
 *     written           rows of an at-least-once sink are in the table
 *     fenced            nothing was changed, and the writer did not hold the fence
 *     raised            a fence stands higher than before
 *     not-raised        it stood there already
 */
export type Verdict = 'applied' | 'already-applied' | 'written' | 'fenced' | 'raised' | 'not-raised'

/** A statement of a sink and what came of it: names as its values give them, changes as they happened. */
export interface SinkStatement {
  readonly verdict: Verdict
  /** Of the rows; of the fence, for a raise. */
  readonly table: string
  readonly run: string
  readonly sink: string
  readonly token: bigint
  readonly piece: PieceClaim | undefined
  readonly rows: readonly RowChange[]
}

/** Undefined for what is not a sink's writing. The places of its values are those that `postgres-statements.ts` names. */
export function sinkStatementOf(
  query: Query,
  values: readonly unknown[],
  outcome: Outcome,
): SinkStatement | undefined {
  const bodies = [...query.parts.map(({ body }) => body), query.main]
  const targets = bodies.flatMap((body) => (body.kind === 'insert' ? [body.table] : []))
  const table = targets.at(-1)
  if (table === undefined || values.length < 3) return undefined
  const writer = { run: String(values[0]), sink: String(values[1]), token: BigInt(String(values[2])) }
  const hasChanged = outcome.changes.size > 0
  if (isNamed(table, 'retake_fence')) {
    return { ...writer, table, verdict: hasChanged ? 'raised' : 'not-raised', piece: undefined, rows: [] }
  }
  const isPiece = targets.some((name) => isNamed(name, 'retake_ledger'))
  const holds = outcome.rows[0]?.['held'] === 1
  const rows = [...outcome.changes].flatMap(([{ name }, changes]) => (name === table ? changes : []))
  return {
    ...writer,
    table,
    verdict: verdictOf(isPiece, hasChanged, holds),
    piece: isPiece ? pieceClaim(values) : undefined,
    rows,
  }
}

/** Facts before answers: a statement that says it was fenced and has changed something was not. */
function verdictOf(isPiece: boolean, hasChanged: boolean, holds: boolean): Verdict {
  if (isPiece) return hasChanged ? 'applied' : holds ? 'already-applied' : 'fenced'
  return hasChanged || holds ? 'written' : 'fenced'
}

function pieceClaim([, , , run, subtask, checkpoint, number]: readonly unknown[]): PieceClaim {
  return {
    run: String(run),
    subtask: Number(subtask),
    checkpoint: Number(checkpoint),
    number: Number(number),
  }
}

function isNamed(name: string, table: string): boolean {
  return name.endsWith(`.${table}`)
}
