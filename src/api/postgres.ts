import type { SecretReference } from '../connector/secret.js'
import { RetakeError } from '../kit/errors.js'
import type { Sink, Text } from './ends.js'
import { requiredText } from './required.js'

/** PostgreSQL's types, each with what a record's field may hold for it. */
export interface PostgresValues {
  readonly text: string
  readonly varchar: string
  readonly uuid: string
  readonly smallint: number | bigint
  readonly integer: number | bigint
  readonly bigint: number | bigint
  readonly real: number
  readonly 'double precision': number
  readonly numeric: number | bigint | string
  readonly boolean: boolean
  readonly date: Date | string
  readonly timestamp: Date | string
  readonly timestamptz: Date | string
  readonly bytea: Uint8Array
  readonly json: unknown
  readonly jsonb: unknown
}

export type PostgresType = keyof PostgresValues

export interface PostgresColumn {
  /** Field of the record. */
  readonly from: string
  readonly type: PostgresType
}

export type PostgresColumns = Readonly<Record<string, PostgresColumn>>

/** The record that a sink with these columns takes. A field of a key column is never null. */
export type RecordFor<Columns extends PostgresColumns, Key extends string> = {
  readonly [Name in keyof Columns as Columns[Name]['from']]:
    | PostgresValues[Columns[Name]['type']]
    | (Name extends Key ? never : null | undefined)
}

export interface PostgresSinkOptions<Columns extends PostgresColumns, Key extends string> {
  /** `postgres://user:password@host:port/name`; a secret, so that it stays out of the job. */
  readonly database: Text | SecretReference
  readonly table: Text
  /** The table's schema; 'public' unless said. */
  readonly schema?: string
  readonly columns: Columns
  /** Columns that name a row: rows of one key replace one another, and are written by one subtask. */
  readonly key?: readonly Key[]
  /** 'upsert' where there is a key, else 'append'. */
  readonly mode?: 'upsert' | 'append'
  /** 'exactly-once' unless said: rows show when their checkpoint is complete. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** Creates the table if it is not there. */
  readonly createTable?: boolean
}

/** `SinkSpec.options` of the connector 'postgres': every default applied. */
export interface PostgresSinkData {
  readonly database: string | SecretReference
  readonly schema: string
  readonly table: string
  readonly columns: PostgresColumns
  /** Names of columns, in the order given; empty in mode 'append' without a key. */
  readonly key: readonly string[]
  readonly mode: 'upsert' | 'append'
  readonly guarantee: 'exactly-once' | 'at-least-once'
  readonly createTable: boolean
}

/** A table. One row for each record (append), or for each key the last one (upsert). */
function sink<const Columns extends PostgresColumns, const Key extends keyof Columns & string = never>(
  options: PostgresSinkOptions<Columns, Key>,
): Sink<RecordFor<Columns, Key>> {
  const { columns, key = [], guarantee = 'exactly-once' } = options
  const mode = options.mode ?? (key.length > 0 ? 'upsert' : 'append')
  const data: PostgresSinkData = {
    database:
      typeof options.database === 'object'
        ? options.database
        : requiredText('postgres.sink', 'database', options.database),
    schema: options.schema ?? 'public',
    table: requiredText('postgres.sink', 'table', options.table),
    columns,
    key,
    mode,
    guarantee,
    createTable: options.createTable ?? false,
  }
  const keyFields = mode === 'upsert' ? key.map((column) => keyField(columns, column, data.table)) : undefined
  return { connector: 'postgres', options: { ...data }, functions: {}, guarantee, keyFields }
}

function keyField(columns: PostgresColumns, column: string, table: string): string {
  const found = columns[column]
  if (found !== undefined) return found.from
  throw new RetakeError('RT1010', {
    what: `postgres.sink of table ${table} has the key ${JSON.stringify(column)}, which is none of its columns`,
    why: `its columns are ${Object.keys(columns).join(', ')}`,
    fix: 'name columns in `key`, not fields of the record',
  })
}

export const postgres = { sink } as const
