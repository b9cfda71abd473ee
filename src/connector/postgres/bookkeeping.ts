import { RetakeError } from '../../kit/errors.js'
import type { RunId } from '../../kit/ids.js'
import type { Piece } from '../../state/snapshot.js'
import type { SinkContext } from '../sink.js'
import { fencedError } from '../staged-writer.js'
import type { DatabaseClient } from './database-client.js'
import {
  createBookkeeping,
  fenceOf,
  ledgerOf,
  raiseFence,
  readFence,
  readLedger,
  type TableName,
} from './postgres-statements.js'

/** The largest bigint: no attempt reaches it, so a run whose fence is raised to it never writes again. */
const FOR_GOOD = '9223372036854775807'

/** Creates the fence and the ledger beside the table, if they are not there. */
export async function ensureBookkeeping(client: DatabaseClient, table: TableName): Promise<void> {
  const [found] = await client.query<{ all: boolean }>(
    'select to_regclass($1) is not null and to_regclass($2) is not null as all',
    [fenceOf(table), ledgerOf(table)],
  )
  if (found?.all !== true) await client.query(createBookkeeping(table))
}

/**
 * Makes this attempt the one that writes. The fence of the run that staged what is restored comes first, and for good:
 * two runs never write the same sink. When this resolves, no statement of an earlier attempt is under way, and none
 * will find its token again. Throws RT1447 or RT1451 when this attempt itself is behind a fence.
 */
export async function raiseFences(
  client: DatabaseClient,
  table: TableName,
  ctx: SinkContext,
  restored: readonly Piece[],
): Promise<void> {
  const runs = new Set<RunId>(restored.map(({ run }) => run))
  if (ctx.restoredFrom !== undefined) runs.add(ctx.restoredFrom.run)
  runs.delete(ctx.run)
  for (const run of runs) await raise(client, table, run, ctx.operator, FOR_GOOD)
  const mine = String(ctx.attempt)
  const token = await raise(client, table, ctx.run, ctx.operator, mine)
  if (token === mine) return
  throw token === FOR_GOOD ? replacedError(ctx) : fencedError(ctx)
}

/**
 * Raises a fence to `token` unless it stands there or higher; gives where it stands. It is read first: a fence that
 * another subtask has raised already need not be locked, and whoever holds it is of this attempt.
 */
async function raise(
  client: DatabaseClient,
  table: TableName,
  run: RunId,
  sink: string,
  token: string,
): Promise<string | undefined> {
  const read = async () => (await client.query<{ token: string }>(readFence(table), [run, sink]))[0]?.token
  const before = await read()
  if (before !== undefined && BigInt(before) >= BigInt(token)) return before
  await client.query(raiseFence(table), [run, sink, token])
  return read()
}

/**
 * The ledger of the run that staged what is restored may not be ahead of it: then rows are in the table that this
 * attempt would write again. Throws RT1214, unless the user accepts repeated rows. Read after the fences are raised.
 */
export async function checkLedger(
  client: DatabaseClient,
  table: TableName,
  ctx: SinkContext,
  restored: readonly Piece[],
): Promise<void> {
  const { restoredFrom } = ctx
  const runs = new Set<RunId>(restored.map(({ run }) => run))
  if (restoredFrom !== undefined) runs.add(restoredFrom.run)
  for (const run of runs) {
    const furthest = restoredFrom?.run === run ? restoredFrom.checkpoint : undefined
    const rows = await client.query<{ subtask: number; checkpoint: string }>(readLedger(table), [
      run,
      ctx.operator,
    ])
    for (const { subtask, checkpoint } of rows) {
      const limit = furthest ?? lastCheckpoint(restored, run, subtask)
      if (limit === undefined || Number(checkpoint) <= limit) continue
      const text = `sink ${JSON.stringify(ctx.operator)} has rows of checkpoint ${checkpoint}, but starts from checkpoint ${limit}`
      if (!ctx.allowRepeatedRows) throw aheadError(text, run)
      ctx.logger.warn({ run, subtask, checkpoint, limit }, `${text}: rows will be repeated, as was allowed`)
    }
  }
}

/** Of one owner, when the contract does not tell the checkpoint: after its last piece, nothing of it was staged. */
function lastCheckpoint(restored: readonly Piece[], run: RunId, owner: number): number | undefined {
  return restored.reduce<number | undefined>(
    (last, piece) =>
      piece.run === run && piece.owner === owner ? Math.max(last ?? 0, piece.checkpoint) : last,
    undefined,
  )
}

function aheadError(what: string, run: RunId): RetakeError {
  return new RetakeError('RT1214', {
    what,
    why: `run ${run} went on after that checkpoint and committed rows, which would be written a second time`,
    fix: 'start from its latest checkpoint, or accept repeated rows with --allow-repeated-rows',
  })
}

function replacedError(ctx: SinkContext): RetakeError {
  return new RetakeError('RT1451', {
    what: `run ${ctx.run} may no longer write to sink ${JSON.stringify(ctx.operator)}`,
    why: 'another run was started from one of its checkpoints and writes instead',
    fix: 'end this run, or start a new one from the latest checkpoint of the run that replaced it',
  })
}
