import type { Column } from './postgres-options.js'

/** A table's name, resolved: what the statements are about. */
export interface TableName {
  readonly schema: string
  readonly table: string
}

/** What rows are written: read from the options, and again from each staged piece, which may be of an older job. */
export interface RowShape {
  readonly columns: readonly Pick<Column, 'name' | 'type'>[]
  /** Empty: every row is a new one. */
  readonly key: readonly string[]
}

/** Keeps our advisory locks apart from those of others. */
const ADVISORY_KEY = 8_243_756_101_347n

/**
 * All SQL of the sink, as text; nothing here runs anything.
 *
 * Each write is one statement on autocommit, so that no client, however frozen, holds anything open. Its first part
 * locks the fence row against the raise of a later attempt, if the token is still ours, and every other part hangs on
 * that row. A plain read would not do: it sees the row as it was when the statement began, while FOR SHARE waits for a
 * raise under way, looks again at what the row has become, and makes a later raise wait until this statement is done.
 * All parts see the same snapshot, so nothing may be decided by reading the ledger: its ON CONFLICT … WHERE compares
 * with the row as it is at that moment, under its lock.
 */
function fencePart(table: TableName): string {
  return `fence as materialized (
  select token from ${fenceOf(table)}
  where run = $1 and sink = $2 and token = $3::bigint and (select pg_advisory_xact_lock_shared(${GATE})) is not null
  for share
)`
}

/**
 * Who wants to lock the fence row comes through here first, writers side by side, a raise alone. It decides nothing: it
 * is a queue. PostgreSQL lets a share lock join others past a waiting raise, so a few zombies whose statements overlap
 * would keep the raise waiting for as long as they have rows; behind the gate they wait after it.
 */
const GATE = `hashtextextended($1::text || '/' || $2::text, ${ADVISORY_KEY})`

/** `$1 run, $2 sink, $3 token` of the writer; `$4 run, $5 subtask, $6 checkpoint, $7 number` of the piece; rows. */
export function applyPiece(target: TableName, shape: RowShape): string {
  return `with ${fencePart(target)},
ledger as (
  insert into ${ledgerOf(target)} as l (run, sink, subtask, checkpoint, piece)
  select $4, $2, $5::integer, $6::bigint, $7::integer from fence
  on conflict (run, sink, subtask) do update set checkpoint = excluded.checkpoint, piece = excluded.piece
  where (l.checkpoint, l.piece) < (excluded.checkpoint, excluded.piece)
  returning 1
),
written as (${insertRows(target, shape, 8, 'ledger')})
select (select count(*) from fence)::integer as held, (select count(*) from ledger)::integer as raised`
}

/** `$1 run, $2 sink, $3 token`; rows. */
export function writeRows(target: TableName, shape: RowShape): string {
  return `with ${fencePart(target)},
written as (${insertRows(target, shape, 4, 'fence')})
select (select count(*) from fence)::integer as held`
}

function insertRows(target: TableName, { columns, key }: RowShape, first: number, hangsOn: string): string {
  const names = columns.map(({ name }) => quoted(name)).join(', ')
  const arrays = columns.map(({ type }, index) => `$${first + index}::${type}[]`).join(', ')
  const rest = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => quoted(name))
  const update =
    rest.length === 0
      ? 'nothing'
      : `update set ${rest.map((name) => `${name} = excluded.${name}`).join(', ')}`
  const conflict =
    key.length === 0
      ? ''
      : `
  on conflict (${key.map(quoted).join(', ')}) do ${update}`
  return `
  insert into ${qualified(target)} (${names})
  select * from unnest(${arrays}) where exists (select from ${hangsOn})${conflict}
`
}

/** `$1 run, $2 sink`: the token that holds, as text; no row before the first attempt. */
export function readFence(target: TableName): string {
  return `select token::text as token from ${fenceOf(target)} where run = $1 and sink = $2`
}

/** `$1 run, $2 sink, $3 token`. Only rises; waits for every statement that holds the row. */
export function raiseFence(target: TableName): string {
  return `insert into ${fenceOf(target)} as f (run, sink, token)
select $1, $2, $3::bigint from (select pg_advisory_xact_lock(${GATE})) as gate
on conflict (run, sink) do update set token = excluded.token where f.token < excluded.token`
}

/** `$1 run, $2 sink`: the furthest piece of each subtask. */
export function readLedger(target: TableName): string {
  return `select subtask, checkpoint::text as checkpoint, piece from ${ledgerOf(target)} where run = $1 and sink = $2`
}

/** Several subtasks come here at once; the advisory lock lets one at a time look and create, in one transaction. */
export function createBookkeeping(target: TableName): string {
  return oneAtATime(
    `create table if not exists ${fenceOf(target)} (
  run text not null, sink text not null, token bigint not null, primary key (run, sink))`,
    `create table if not exists ${ledgerOf(target)} (
  run text not null, sink text not null, subtask integer not null, checkpoint bigint not null, piece integer not null,
  primary key (run, sink, subtask))`,
  )
}

export function createTable(target: TableName, { columns, key }: RowShape): string {
  const lines = columns.map(({ name, type }) => `${quoted(name)} ${type}`)
  if (key.length > 0) lines.push(`primary key (${key.map(quoted).join(', ')})`)
  return oneAtATime(`create table if not exists ${qualified(target)} (${lines.join(', ')})`)
}

/** A simple query of several commands is one transaction that the server ends by itself. */
function oneAtATime(...commands: string[]): string {
  return [`select pg_advisory_xact_lock(${ADVISORY_KEY})`, ...commands].join(';\n')
}

/** `$1 schema, $2 table`. */
export const FIND_TABLE = `select c.oid::text as oid, c.relkind::text as kind
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')`

/** `$1` the table's oid. */
export const DESCRIBE_COLUMNS = `select a.attname as name, format_type(a.atttypid, null) as type,
  format_type(a.atttypid, a.atttypmod) as "fullType", a.atttypmod as modifier, a.attnotnull as "isNotNull",
  a.atthasdef or a.attidentity <> '' as "hasDefault", a.attgenerated <> '' or a.attidentity = 'a' as "isGenerated",
  coalesce((select collisdeterministic from pg_collation l where l.oid = a.attcollation), true) as "isDeterministic"
from pg_attribute a where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped order by a.attnum`

/** `$1` the table's oid: the columns of each index that may decide what is the same row. */
export const DESCRIBE_UNIQUE_KEYS = `select array(
  select a.attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey[0:i.indnkeyatts - 1])
) as columns
from pg_index i where i.indrelid = $1::oid and i.indisunique and i.indisvalid and i.indimmediate
  and i.indpred is null and i.indexprs is null`

/** `$1` the time-out. What a session needs, whatever role and database have set: durable commits above all. */
export const PREPARE_SESSION = `select set_config('statement_timeout', $1, false),
  set_config('default_transaction_isolation', 'read committed', false),
  case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end`

export function fenceOf({ schema }: TableName): string {
  return qualified({ schema, table: 'retake_fence' })
}

export function ledgerOf({ schema }: TableName): string {
  return qualified({ schema, table: 'retake_ledger' })
}

function qualified({ schema, table }: TableName): string {
  return `${quoted(schema)}.${quoted(table)}`
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}
