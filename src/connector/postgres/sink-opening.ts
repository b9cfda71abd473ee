import type { Piece } from '../../state/snapshot.js'
import type { SinkContext } from '../sink.js'
import { checkLedger, ensureBookkeeping, raiseFences } from './bookkeeping.js'
import type { DatabaseClient } from './database-client.js'
import type { PostgresOptions } from './postgres-options.js'
import { type PostgresSession, REPEATABLE } from './postgres-session.js'
import { applyPiece, type RowShape, type TableName, writeRows } from './postgres-statements.js'
import { RowEncoder } from './row-encoder.js'
import { type SinkTable, sinkTable } from './sink-table.js'

/** A sink that may write. */
export interface OpenSink {
  readonly table: SinkTable
  readonly shape: RowShape
  readonly encoder: RowEncoder
}

export type SinkOpening = (restored: readonly Piece[]) => Promise<OpenSink>

/**
 * What every PostgreSQL sink does before its first row: find the table and compare it, let the server plan the very
 * statement that will write (permissions, types and key are its to judge), raise the fence, look at the ledger.
 */
export function sinkOpening(
  ctx: SinkContext,
  session: PostgresSession,
  options: PostgresOptions,
): SinkOpening {
  const shape = { columns: options.columns, key: options.key }
  return async (restored) => {
    const table = await session.run(async (client) => {
      const found = await sinkTable(client, options)
      await ensureBookkeeping(client, found.name)
      await planWrite(client, found.name, shape, options.guarantee)
      await raiseFences(client, found.name, ctx, restored)
      await checkLedger(client, found.name, ctx, restored)
      return found
    }, REPEATABLE)
    session.opened()
    return { table, shape, encoder: new RowEncoder(options.table, options.columns, options.key, table.rules) }
  }
}

async function planWrite(
  client: DatabaseClient,
  table: TableName,
  shape: RowShape,
  guarantee: PostgresOptions['guarantee'],
): Promise<void> {
  const statement = guarantee === 'exactly-once' ? applyPiece(table, shape) : writeRows(table, shape)
  const names = guarantee === 'exactly-once' ? ['', '', 0, '', 0, 0, 0] : ['', '', 0]
  await client.query(`explain ${statement}`, [...names, ...shape.columns.map(() => '{}')])
}
