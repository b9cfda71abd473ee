import type { ColumnType } from '../connector/postgres/column-type.js'
import { isSecret, type SecretReference } from '../connector/secret.js'
import type { Duration } from '../kit/duration.js'
import { RetakeError } from '../kit/errors.js'
import type { Sink, Text } from './ends.js'
import { plainData, requiredGuarantee, requiredText, wrongOption } from './required.js'

/** PostgreSQL's types, each with what a record's field may hold for it. */
export interface PostgresValues extends Record<ColumnType, unknown> {
  /** No NUL, and no half of a surrogate pair. */
  readonly text: string
  /** As text. */
  readonly varchar: string
  /** As PostgreSQL writes it, with hyphens. */
  readonly uuid: string
  /** A whole number of 16 bits. */
  readonly smallint: number | bigint
  /** A whole number of 32 bits. */
  readonly integer: number | bigint
  /** A whole number of 64 bits. */
  readonly bigint: number | bigint
  /** What single precision holds. */
  readonly real: number
  /** Any number, NaN and infinities too. */
  readonly 'double precision': number
  /** A decimal number of at most 1000 digits. */
  readonly numeric: number | bigint | string
  /** True or false. */
  readonly boolean: boolean
  /** A Date (its day in UTC), or `YYYY-MM-DD`. */
  readonly date: Date | string
  /** Milliseconds since 1970, or RFC 3339 text without a zone. */
  readonly timestamp: Date | number | string
  /** Milliseconds since 1970, or RFC 3339 text with its zone. */
  readonly timestamptz: Date | number | string
  /** Bytes. */
  readonly bytea: Uint8Array
  /** What `JSON.stringify` writes. */
  readonly json: unknown
  /** What `JSON.stringify` writes. */
  readonly jsonb: unknown
}

/** The name of a column's type. */
export type PostgresType = ColumnType

/** What a column holds. */
export interface PostgresColumn {
  /** Field of the record. */
  readonly from: string
  /** The column's type in the table, compared when the job starts. */
  readonly type: PostgresType
}

/** By the names of the columns. */
export type PostgresColumns = Readonly<Record<string, PostgresColumn>>

/** The record that a sink with these columns takes. A field of a key column is never null. */
export type RecordFor<Columns extends PostgresColumns, Key extends string> = {
  readonly [Name in keyof Columns as Columns[Name]['from']]:
    | PostgresValues[Columns[Name]['type']]
    | (Name extends Key ? never : null | undefined)
}

/** PEM texts, not paths. A key is a secret of the nodes. */
export interface PostgresTls {
  /**
   * libpq's sslmode. 'verify-full' unless said: the server's certificate is signed by `ca` and holds the name in the
   * address. 'verify-ca': under any name. 'require': whoever answers is believed, so somebody on the way may be.
   */
  readonly mode?: 'disable' | 'require' | 'verify-ca' | 'verify-full'
  /** Who signed the certificate of the server; the authorities that Node trusts unless said. */
  readonly ca?: string | SecretReference
  /** What we show to a server that asks for a certificate. */
  readonly cert?: string | SecretReference
  /** The key of `cert`. */
  readonly key?: string | SecretReference
  /** Of the key, where it is encrypted. */
  readonly passphrase?: string | SecretReference
}

/** What `postgres.sink` takes. */
export interface PostgresSinkOptions<Columns extends PostgresColumns, Key extends string> {
  /**
   * `postgres://user:password@host:port/name`; a secret, so that it stays out of the job. May end in libpq's
   * `?sslmode=verify-full&sslrootcert=FILE`, with `sslcert=FILE&sslkey=FILE` where the server asks for a certificate.
   */
  readonly database: Text | SecretReference
  /** The same with texts in place of files. True: TLS, and the server is verified by the authorities that Node trusts. */
  readonly tls?: boolean | PostgresTls
  /** Its name as it stands in the catalogue: case counts, nothing is quoted by you. */
  readonly table: Text
  /** The table's schema; 'public' unless said. */
  readonly schema?: string
  /** By the name of the column: which field of the record it holds, as which type. */
  readonly columns: Columns
  /** Columns that name a row: rows of one key replace one another, and are written by one subtask. */
  readonly key?: readonly Key[]
  /** 'upsert' where there is a key, else 'append'. */
  readonly mode?: 'upsert' | 'append'
  /** 'exactly-once' unless said: rows show when their checkpoint is complete. 'at-least-once': soon, some of them twice. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** Creates the table if it is not there, with these columns and this key. */
  readonly createTable?: boolean
  /** The server gives a statement up after this time, and it is tried again; 1 minute unless said. */
  readonly statementTimeout?: Duration
}

/**
 * A table. One row for each record (append), or for each key the last one (upsert). Throws RT1012 without database or
 * table, RT1010 for a key that is none of its columns.
 */
function sink<const Columns extends PostgresColumns, const Key extends keyof Columns & string = never>(
  options: PostgresSinkOptions<Columns, Key>,
): Sink<RecordFor<Columns, Key>> {
  const { columns, key = [] } = options
  const guarantee = requiredGuarantee('postgres.sink', options.guarantee ?? 'exactly-once')
  if (!Array.isArray(key)) throw wrongOption('postgres.sink', 'key', key, 'a list of names of columns')
  const mode = options.mode ?? (options.key === undefined ? 'append' : 'upsert')
  const table = requiredText('postgres.sink', 'table', options.table)
  const database = isSecret(options.database)
    ? options.database
    : requiredText('postgres.sink', 'database', options.database)
  return {
    connector: 'postgres',
    options: plainData({ ...options, database, table, mode, guarantee }),
    functions: {},
    guarantee,
    keyFields: mode === 'upsert' ? key.map((column: string) => keyField(columns, column, table)) : undefined,
  }
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

/** PostgreSQL, as a sink. */
export const postgres = { sink } as const
