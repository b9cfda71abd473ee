import { expect, test } from 'vitest'
import { applyPiece, createTable, writeRows } from '#src/connector/postgres/postgres-statements.js'

const table = { schema: 'public', table: 'odd "name"' }
const columns = [
  { name: 'user_id', type: 'text' },
  { name: 'clicks', type: 'bigint' },
] as const

test('when a piece is applied, then one statement locks the fence, raises the ledger and writes', () => {
  expect(applyPiece(table, { columns, key: ['user_id'] })).toMatchInlineSnapshot(`
    "with fence as materialized (
      select token from "public"."retake_fence"
      where run = $1 and sink = $2 and token = $3::bigint and (select pg_advisory_xact_lock_shared(hashtextextended($1::text || '/' || $2::text, 8243756101347))) is not null
      for share
    ),
    ledger as (
      insert into "public"."retake_ledger" as l (run, sink, subtask, checkpoint, piece)
      select $4, $2, $5::integer, $6::bigint, $7::integer from fence
      on conflict (run, sink, subtask) do update set checkpoint = excluded.checkpoint, piece = excluded.piece
      where (l.checkpoint, l.piece) < (excluded.checkpoint, excluded.piece)
      returning 1
    ),
    written as (
      insert into "public"."odd ""name""" ("user_id", "clicks")
      select * from unnest($8::text[], $9::bigint[]) where exists (select from ledger)
      on conflict ("user_id") do update set "clicks" = excluded."clicks"
    )
    select (select count(*) from fence)::integer as held, (select count(*) from ledger)::integer as raised"
  `)
})

test('when rows are written as they come, then one statement locks the fence and writes', () => {
  expect(writeRows(table, { columns, key: [] })).toMatchInlineSnapshot(`
    "with fence as materialized (
      select token from "public"."retake_fence"
      where run = $1 and sink = $2 and token = $3::bigint and (select pg_advisory_xact_lock_shared(hashtextextended($1::text || '/' || $2::text, 8243756101347))) is not null
      for share
    ),
    written as (
      insert into "public"."odd ""name""" ("user_id", "clicks")
      select * from unnest($4::text[], $5::bigint[]) where exists (select from fence)
    )
    select (select count(*) from fence)::integer as held"
  `)
})

test('when every column is of the key, then a row that is there is left alone', () => {
  expect(writeRows(table, { columns, key: ['user_id', 'clicks'] })).toContain(
    'on conflict ("user_id", "clicks") do nothing',
  )
})

test('when a table is created, then it has the key', () => {
  expect(createTable(table, { columns, key: ['user_id'] })).toContain('primary key ("user_id")')
})
